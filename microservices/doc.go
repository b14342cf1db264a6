// Package microservices is the shop as services: each capability a process and a database of its own, behind one gateway.
//
// Services meet over the wire only. A service that needs another's rows keeps a copy, built from the contract and kept current by events;
// it never reads another's store. So far the catalog and search are services; what has none is answered by the monolith, through the
// strangler, which also keeps the writes there.
//
// Compare: monolith for the same capabilities as modules in one process, strangler for the way from there to here.
package microservices
