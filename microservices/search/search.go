package search

import (
	"context"
	"embed"
	"errors"
	"figlab/api/internalapi/feedapi"
	"figlab/api/shopapi/searchapi"
	"figlab/internal/process"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/store"
	"figlab/shop"

	rules "figlab/shop/search"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config of the service.
type Config struct {
	host.Config
	Catalog string // http://host:port where the catalog is served, whoever serves it
}

// A Search answers queries from its own index.
type Search struct {
	db      *store.Store
	bus     changes
	catalog catalog
	deps    process.Deps
}

// New opens the index and binds the service's addresses.
func New(ctx context.Context, cfg Config, deps process.Deps) (_ *host.Host, err error) {
	if cfg.Catalog == "" {
		return nil, errors.New("search: --catalog is missing: the index is built from it")
	}
	h, err := host.New(string(shop.Search), cfg.Config, deps)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	db, err := store.Open(ctx, store.Options{Kind: store.SQLite, Dir: cfg.Data, Name: "search", Migrations: migrations})
	if err != nil {
		return nil, err
	}
	h.Own(db.Close)
	s := &Search{db: db, bus: h.Bus(), deps: deps}
	if s.catalog, err = newCatalog(cfg.Catalog, deps); err != nil {
		return nil, err
	}
	public, err := h.Contract()
	if err != nil {
		return nil, err
	}
	searchapi.RegisterHandlers(public, searchapi.NewStrictHandler(HTTP{s}, nil))
	behind := h.Behind()
	feedapi.RegisterHandlers(behind, feedapi.NewStrictHandler(Feed{s}, nil))
	h.Serve(public, behind, db.Ready, s.backfiller(), s.follower())
	return h, nil
}

// Find answers a query.
func (s *Search) Find(ctx context.Context, q rules.Query) (rules.Result, error) {
	terms, err := q.Check()
	if err != nil {
		return rules.Result{}, err
	}
	found, err := candidates(s.db.Read(ctx), terms, q)
	if err != nil {
		return rules.Result{}, err
	}
	return rules.Answer(q, terms, found), nil
}
