// Package route decides which house answers a request: the one that the caller names in a header, else the service for the share of the
// users that the capability's weight says, else the monolith.
//
// The table is a value that is swapped as a whole, so a request sees the old one or the new one and nothing between. Cohorts are
// hash-monotone: whoever is moved by a weight stays moved by every greater one, so a rising share never sends a user back and forth.
package route
