// Package notification holds the plan by which notifications leave the monolith.
//
// It has no service yet, so nothing is shifted: the monolith answers.
//
// Compare: monolith/notification for where it comes from.
package notification
