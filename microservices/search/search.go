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
	"fmt"
	"sync/atomic"

	rules "figlab/shop/search"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config of the service.
type Config struct {
	host.Config
	Catalog string // http://host:port where the catalog is served, whoever serves it; empty: the catalog service, found by the registry
}

// A Search answers queries from its own index.
type Search struct {
	db      *store.Store
	bus     changes
	catalog catalog
	deps    process.Deps
	filled  atomic.Bool // the whole catalog has been read
}

// New opens the index and binds the service's addresses. The index is the instance's own, whatever the stores of the house are: each
// replica reads the catalog for itself.
func New(ctx context.Context, cfg Config, deps process.Deps) (_ *host.Host, err error) {
	h, err := host.New(string(shop.Search), cfg.Config, deps)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	db, err := store.Open(ctx, store.Options{Kind: store.SQLite, Dir: cfg.Data, Name: string(shop.Search), Migrations: migrations})
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	h.Own(db.Close)
	h.Ready(db.Ready)
	s := &Search{db: db, bus: h.Bus(), deps: deps}
	at, err := readBackfill(db.Read(ctx))
	if err != nil {
		return nil, err
	}
	s.filled.Store(at.Done) // else the first answers of a new life would be marked for nothing
	if s.catalog, err = newCatalog(h, cfg.Catalog); err != nil {
		return nil, err
	}
	h.Listen(s.durable(), subjects(), atOnce, s.follow)
	h.Part(s.backfiller())
	public, err := h.Contract()
	if err != nil {
		return nil, err
	}
	searchapi.RegisterHandlers(public, searchapi.NewStrictHandler(HTTP{s}, nil))
	feedapi.RegisterHandlers(h.Behind(), feedapi.NewStrictHandler(Feed{s}, nil))
	h.Serve()
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
