// Package orderprocessing holds the plan by which order processing leaves the monolith.
//
// It has no service yet, so nothing is shifted: the monolith answers.
//
// Compare: monolith/orderprocessing for where it comes from.
package orderprocessing
