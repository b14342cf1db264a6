// Package wishlist holds the rules of the wishlist: a set of products, oldest wish first.
package wishlist
