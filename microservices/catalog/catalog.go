package catalog

import (
	"context"
	"embed"
	"errors"
	"figlab/api/internalapi/feedapi"
	"figlab/api/shopapi/catalogapi"
	"figlab/internal/process"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/store"
	"figlab/shop"

	rules "figlab/shop/catalog"
)

//go:embed migrations/*.sql
var migrations embed.FS

// A Catalog answers questions about its copy of the products.
type Catalog struct {
	db   *store.Store
	deps process.Deps
}

// New opens the service's database and binds its addresses.
func New(ctx context.Context, cfg host.Config, deps process.Deps) (_ *host.Host, err error) {
	h, err := host.New(string(shop.Catalog), cfg, deps)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	db, err := store.Open(ctx, store.Options{Kind: cfg.Store, Dir: cfg.Data, Name: "catalog", DSN: cfg.DSN, Migrations: migrations})
	if err != nil {
		return nil, err
	}
	h.Own(db.Close)
	c := &Catalog{db: db, deps: deps}
	public, err := h.Contract()
	if err != nil {
		return nil, err
	}
	catalogapi.RegisterHandlers(public, catalogapi.NewStrictHandler(HTTP{c}, []catalogapi.StrictMiddlewareFunc{notExecuted}))
	behind := h.Behind()
	feedapi.RegisterHandlers(behind, feedapi.NewStrictHandler(Feed{c}, nil))
	h.Serve(public, behind, db.Ready)
	return h, nil
}

// Product returns one product, on sale or not.
func (c *Catalog) Product(ctx context.Context, id shop.ProductID) (rules.Product, error) {
	return find(c.db.Read(ctx), id)
}

// List returns a page of products on sale and the cursor of the next page, "" on the last.
func (c *Catalog) List(ctx context.Context, category, cursor string, limit int) ([]rules.Product, string, error) {
	after, err := rules.ParseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	found, err := page(c.db.Read(ctx), category, after, limit+1) // one more shows whether there is a next page
	if err != nil || len(found) <= limit {
		return found, "", err
	}
	found = found[:limit]
	return found, rules.Cursor(found[limit-1].ID), nil
}

// Categories returns all categories by name, with how many products are on sale in each.
func (c *Catalog) Categories(ctx context.Context) ([]CategoryCount, error) {
	return categories(c.db.Read(ctx))
}
