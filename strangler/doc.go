// Package strangler is the process between the houses: a proxy in front of the shop that moves the reads of one capability after the other
// from the monolith to its service, and the feeds that bring the rows there first.
//
// It knows contracts, never implementations. What moves, when and how is in the twelve plans beside this file; the proxy, the route table
// and the feeds are in platform.
package strangler
