// Package search holds the plan by which search leaves the monolith.
//
// An index owns nothing: the service builds it from the catalog and its events, so there is no feed, and moving it is a matter of routes.
//
// Compare: monolith/search for where it comes from, microservices/search for where it goes.
package search
