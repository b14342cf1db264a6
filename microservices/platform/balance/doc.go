// Package balance chooses which instance of a service gets the next call: of two drawn at random, the one that costs less. What an instance
// costs is its latency times the calls under way there and the one to come, as in the peak EWMA balancer of Finagle (Twitter, 2016;
// finagle-core, loadbalancer/PeakEwma.scala): a slower answer counts at once, a faster one only in the course of seconds. That needs no
// word from the instances, and a slow one gets less by itself.
//
// Who fails time and again is left out for a while, but never more than half of them at once; who has just come gets its share little by
// little.
package balance
