// Package logistics holds the plan by which logistics leave the monolith.
//
// It has no service yet, so nothing is shifted: the monolith answers.
//
// Compare: monolith/logistics for where it comes from.
package logistics
