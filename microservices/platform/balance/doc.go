// Package balance chooses which instance of a service gets the next call: of two drawn at random, the one with fewer calls under way. That
// needs no word from the instances, and a slow one gets less by itself.
package balance
