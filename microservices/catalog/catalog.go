package catalog

import (
	"context"
	"embed"
	"errors"
	"figlab/api/internalapi/feedapi"
	"figlab/api/internalapi/productsapi"
	"figlab/api/shopapi/catalogapi"
	"figlab/internal/process"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"

	rules "figlab/shop/catalog"
)

//go:embed migrations/*.sql
var migrations embed.FS

// A Catalog answers questions about the products, and takes their changes when it owns them.
type Catalog struct {
	db   *store.Store
	out  outbox.Outbox
	deps process.Deps
	kept *kept
	owns bool
}

// New opens the service's database and binds its addresses. It seeds the products when the service owns them.
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
	db, err := h.Store(ctx, migrations)
	if err != nil {
		return nil, err
	}
	c := &Catalog{db: db, out: h.Outbox(), deps: deps, kept: newKept(deps), owns: cfg.Owns}
	if c.owns {
		if err := c.seed(ctx, cfg.Seed.Seed, cfg.Seed.Products); err != nil {
			return nil, err
		}
	}
	h.Cache(c.kept.memory.Stats)
	h.Part(c.kept.follower(h.Bus()))
	public, err := h.Contract()
	if err != nil {
		return nil, err
	}
	catalogapi.RegisterHandlers(public, catalogapi.NewStrictHandler(HTTP{c}, []catalogapi.StrictMiddlewareFunc{notExecuted}))
	inside, err := h.Inside(callers())
	if err != nil {
		return nil, err
	}
	productsapi.RegisterHandlers(inside, productsapi.NewStrictHandler(Inside{c}, nil))
	feedapi.RegisterHandlers(h.Behind(), feedapi.NewStrictHandler(Feed{c}, nil))
	h.Serve()
	return h, nil
}

// Product returns one product, on sale or not.
func (c *Catalog) Product(ctx context.Context, id shop.ProductID) (rules.Product, error) {
	return find(c.db.Read(ctx), id)
}

// Lookup returns the products of these ids that exist, as they are now, in one statement.
func (c *Catalog) Lookup(ctx context.Context, ids []string) ([]rules.Product, error) {
	return lookup(c.db.Read(ctx), ids)
}

// List returns a page of products on sale and the cursor of the next page, "" on the last.
func (c *Catalog) List(ctx context.Context, category, cursor string, limit int) ([]rules.Product, string, error) {
	after, err := rules.ParseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	return page(c.db.Read(ctx), category, after, limit)
}

// Categories returns all categories by name, with how many products are on sale in each.
func (c *Catalog) Categories(ctx context.Context) ([]CategoryCount, error) {
	return categories(c.db.Read(ctx))
}

// ErrNotOwned is the answer to a write that has to go to whoever owns the products.
var ErrNotOwned = shop.NewError(shop.Unavailable, "not-owned", "the monolith owns the products: it takes the writes")

// Create adds a product: row and event in one transaction.
func (c *Catalog) Create(ctx context.Context, p rules.Product) (rules.Product, error) {
	if !c.owns {
		return rules.Product{}, ErrNotOwned
	}
	now := c.deps.Now().UTC()
	p.ID, p.OnSale, p.Version, p.Created, p.Updated = shop.ProductID(c.deps.IDs.New()), true, 1, now, now
	if err := p.Check(); err != nil {
		return rules.Product{}, err
	}
	err := c.db.Write(ctx, func(tx *store.Tx) error {
		r := toRow(p)
		if err := tx.Create(&r).Error; errors.Is(err, store.ErrDuplicate) {
			return rules.ErrSKUTaken
		} else if err != nil {
			return err
		}
		return c.out.Append(tx, changed(p))
	})
	if err != nil {
		return rules.Product{}, fmt.Errorf("create product: %w", err)
	}
	c.kept.told(ctx, string(p.ID))
	return p, nil
}

// Change applies a patch that is based on a version (0: on whichever is current): row and event in one transaction. The row is locked
// first, so that of two changes at once, at whichever replicas, the second sees the first.
func (c *Catalog) Change(ctx context.Context, id shop.ProductID, patch rules.Patch, version int64) (p rules.Product, err error) {
	if !c.owns {
		return rules.Product{}, ErrNotOwned
	}
	err = c.db.Write(ctx, func(tx *store.Tx) error {
		current, err := find(tx.Locking(), id)
		if err != nil {
			return err
		}
		if p, err = current.Apply(patch, version, c.deps.Now().UTC()); err != nil {
			return err
		}
		r := toRow(p)
		if err := tx.Save(&r).Error; err != nil {
			return err
		}
		return c.out.Append(tx, changed(p))
	})
	if err != nil {
		return rules.Product{}, fmt.Errorf("change product: %w", err)
	}
	c.kept.told(ctx, string(id))
	return p, nil
}

// seed fills an empty table. Nobody is told: who needs all products reads them.
func (c *Catalog) seed(ctx context.Context, seed uint64, n int) error {
	if n == 0 {
		return nil
	}
	return c.db.Seed(ctx, row{}.TableName(), func(tx *store.Tx) error {
		rows := make([]row, n)
		for i := range n {
			rows[i] = toRow(rules.Seed(seed, i))
		}
		return tx.CreateInBatches(&rows, rowsAtOnce).Error
	})
}
