// Package catalog holds the rules about products: what one is, how it changes, how a list pages, and the seeded catalog.
package catalog
