// Package wishlist is the monolith's module for what a shopper may buy one day. Moving a wish to the cart is one transaction over both.
//
// Compare: shop/wishlist for the rules, microservices/wishlist for the service.
package wishlist
