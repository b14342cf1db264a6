// Package search is the monolith's module for finding products: a full-text index beside the catalog, kept in the catalog's own
// transaction (SQLite FTS5, or a tsvector with a GIN index on Postgres). The store retrieves candidates; the rules rank them.
//
// Compare: shop/search for the ranking, microservices/search for the service, whose index follows events instead.
package search
