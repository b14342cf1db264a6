package microservices

import (
	"context"
	"figlab/internal/process"
	"figlab/microservices/catalog"
	"figlab/microservices/platform/gateway"
	"figlab/microservices/platform/host"
	"figlab/microservices/search"
	"figlab/shop"
)

// Config of a process of the house; each uses what it needs.
type Config = host.Config

// A Process of the house: built and bound, not yet running.
type Process = host.Host

// Services returns the capabilities that are services: the gateway sends to these.
func Services() []string { return []string{string(shop.Catalog), string(shop.Search)} }

// Catalog returns the catalog service.
func Catalog(ctx context.Context, cfg Config, deps process.Deps) (*Process, error) {
	return catalog.New(ctx, cfg, deps)
}

// Search returns the search service; catalogURL is where the catalog is served, whoever serves it.
func Search(ctx context.Context, cfg Config, catalogURL string, deps process.Deps) (*Process, error) {
	return search.New(ctx, search.Config{Config: cfg, Catalog: catalogURL}, deps)
}

// Gateway returns the single entry of the house.
func Gateway(cfg Config, deps process.Deps) (*Process, error) {
	return gateway.New(Services(), cfg, deps)
}
