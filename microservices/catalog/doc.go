// Package catalog is the service that answers what is for sale.
//
// It has a process and a database of its own, and reads only so far: the monolith owns the products, and every change of one reaches this
// copy through the feed door, guarded by its version. A copy may be behind, never wrong in another way.
//
// Compare: shop/catalog for the rules, monolith/catalog for the module it is the copy of, strangler/catalog for how the capability moves.
package catalog
