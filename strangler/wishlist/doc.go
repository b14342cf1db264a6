// Package wishlist holds the plan by which the wish list leaves the monolith.
//
// It has no service yet, so nothing is shifted: the monolith answers.
//
// Compare: monolith/wishlist for where it comes from.
package wishlist
