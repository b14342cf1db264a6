// Package catalog holds the plan by which the catalog leaves the monolith.
//
// Its reads move; its writes stay with the monolith, which owns the rows, and reach the service by the feed. The service holds everything
// that the monolith does, so the monolith can answer in its place at any time.
//
// Compare: monolith/catalog for where it comes from, microservices/catalog for where it goes.
package catalog
