// Package payment holds the plan by which payments leave the monolith.
//
// It has no service yet, so nothing is shifted: the monolith answers.
//
// Compare: monolith/payment for where it comes from.
package payment
