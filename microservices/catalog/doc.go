// Package catalog is the service that answers what is for sale.
//
// It lives in one of two ways. While the monolith owns the products it holds a copy: every change reaches it through the feed door, guarded
// by its version, and writes are refused. A copy may be behind, never wrong in another way. Once it owns the products it takes the writes,
// and tells of each one in the transaction that makes it; rows go out of the feed door then, and none come in.
//
// Next door, the monolith's module reads its table for every shopper, because a change of it is seen at once by the whole process. Here
// replicas share the table, and what one of them has read is kept as the bytes that go out. A change is forgotten by the replica that makes
// it before it answers, and by the others when they hear of it; nothing is kept for longer than ten seconds, for when they hear nothing.
// So a shopper may see an old price for a moment. Whoever decides by a price, such as a checkout, asks the inside door, which reads the
// table.
//
// Compare: shop/catalog for the rules, monolith/catalog for the same as a module, strangler/catalog for how the capability moves.
package catalog
