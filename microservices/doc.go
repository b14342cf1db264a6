// Package microservices is the shop as services: each capability a process and a database of its own, behind one gateway.
//
// Services meet over the wire only. A service that needs another's rows keeps a copy, built from the contract and kept current by events;
// it never reads another's store. At the last stage all twelve own their rows, and an order is a saga over seven of them. Before that,
// those that stand behind the strangler are fed, and the monolith keeps the writes.
//
// Compare: monolith for the same capabilities as modules in one process, strangler for the way from there to here.
package microservices
