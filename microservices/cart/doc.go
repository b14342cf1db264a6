// Package cart is the service that holds what a shopper is about to buy.
//
// The monolith's module prices a cart with a join in the same database and is emptied in the transaction that places the order. Here names
// and prices are the catalog's, a call away, so each item also remembers how its product was called and what it cost when it was last
// seen: a cart can be shown, and made emptier, while the catalog is down. To put something in takes the catalog, since what is not for
// sale must not get in. Placing an order is another service's transaction; what was ordered is taken out afterwards, once per order,
// whether the call or the event comes first. Until then the version tells order taking that this very cart was ordered already, so it
// grows with every change and the row is never deleted.
//
// Compare: shop/cart for the rules, monolith/cart for the same as a module.
package cart
