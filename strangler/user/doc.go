// Package user holds the plan by which users leave the monolith.
//
// It has no service yet, so nothing is shifted: the monolith answers.
//
// Compare: monolith/user for where it comes from.
package user
