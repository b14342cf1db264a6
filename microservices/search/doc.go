// Package search is the service that finds products.
//
// It has a process and an index of its own: SQLite FTS5 in a file, whatever the other stores of the shop are, because an index holds
// nothing that could not be built again. It is built from the catalog, read once by the public contract, and from the catalog's events,
// which keep it current. Each row carries its version, so it does not matter which of the two brings a product first, or how
// often. The store retrieves candidates; the rules rank them. Until the catalog has been read once, answers come from what is there and
// say so: were the lease given up for that long, instances that all start at once would leave nobody to ask.
//
// Compare: shop/search for the ranking, monolith/search for the module whose index is written in the catalog's own transaction,
// strangler/search for how the capability moves.
package search
