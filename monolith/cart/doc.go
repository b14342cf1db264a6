// Package cart is the monolith's module for what a shopper is about to buy. One row holds a cart; names and prices are read from the
// catalog when it is shown, so that a cart is never out of date.
//
// Order taking empties the cart in the transaction that places the order.
//
// Compare: shop/cart for the rules, microservices/cart for the service.
package cart
