// Package recommendation holds the plan by which recommendations leave the monolith.
//
// It has no service yet, so nothing is shifted: the monolith answers.
//
// Compare: monolith/recommendation for where it comes from.
package recommendation
