// Package cart holds the plan by which the cart leaves the monolith.
//
// It has no service yet, so nothing is shifted: the monolith answers.
//
// Compare: monolith/cart for where it comes from.
package cart
