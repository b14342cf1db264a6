// Package ordertaking is the monolith's module for placing and reading orders.
//
// Placing is one transaction over cart, catalog, stock and payment: the key is taken, prices and address are snapshotted, the cart is
// emptied. Only the provider is asked outside it. A key that comes again finds the order it placed. The cart stays full when an order is
// rejected at once, so that the shopper can change it.
//
// Compare: shop/ordertaking for the sums; microservices/ordertaking for the same as a service.
package ordertaking
