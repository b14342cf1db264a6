// Package ordertaking holds the plan by which order taking leaves the monolith.
//
// It has no service yet, so nothing is shifted: the monolith answers.
//
// Compare: monolith/ordertaking for where it comes from.
package ordertaking
