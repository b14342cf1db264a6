// Package catalog is the monolith's module for products: everybody reads them, admins change them.
//
// A change, its event and the search index are one transaction here. The feed door hands out the rows for whoever copies them.
//
// Compare: shop/catalog for the rules, microservices/catalog for the service, strangler/catalog for how it moves.
package catalog
