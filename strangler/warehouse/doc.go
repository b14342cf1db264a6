// Package warehouse holds the plan by which the warehouse leaves the monolith.
//
// It has no service yet, so nothing is shifted: the monolith answers.
//
// Compare: monolith/warehouse for where it comes from.
package warehouse
