package catalog

import (
	"context"
	"errors"
	"figlab/internal/process"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/outbox"
	"figlab/shop"
	"fmt"

	rules "figlab/shop/catalog"
)

// A Module of the monolith.
type Module struct {
	db    *db.DB
	out   outbox.Outbox
	index index
	deps  process.Deps
}

// New returns the module.
func New(d *db.DB, out outbox.Outbox, i index, deps process.Deps) *Module {
	return &Module{db: d, out: out, index: i, deps: deps}
}

// Product returns one product, on sale or not.
func (m *Module) Product(ctx context.Context, id shop.ProductID) (rules.Product, error) {
	return find(m.db.Read(ctx), id)
}

// Lookup returns the products of these ids that exist, in one statement. tx may be nil outside a transaction.
func (m *Module) Lookup(ctx context.Context, tx *db.Tx, ids []shop.ProductID) (map[shop.ProductID]rules.Product, error) {
	found := make(map[shop.ProductID]rules.Product, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	q := m.db.Read(ctx)
	if tx != nil {
		q = tx.DB
	}
	var rows []row
	if err := q.Find(&rows, "id IN ?", ids).Error; err != nil {
		return nil, fmt.Errorf("look up products: %w", err)
	}
	for _, r := range rows {
		found[shop.ProductID(r.ID)] = r.product()
	}
	return found, nil
}

// List returns a page of products on sale and the cursor of the next page, "" on the last.
func (m *Module) List(ctx context.Context, category, cursor string, limit int) ([]rules.Product, string, error) {
	after, err := rules.ParseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	return page(m.db.Read(ctx), category, after, limit)
}

// A CategoryCount is a category with how many products are on sale in it.
type CategoryCount struct {
	Category string
	Count    int64
}

// Categories returns all categories by name.
func (m *Module) Categories(ctx context.Context) (counts []CategoryCount, err error) {
	err = m.db.Read(ctx).Model(&row{}).Where("on_sale").Select("category, count(*) AS count").
		Group("category").Order("category").Scan(&counts).Error
	if err != nil {
		return nil, fmt.Errorf("count categories: %w", err)
	}
	return counts, nil
}

// Create adds a product: row, event and search index in one transaction.
func (m *Module) Create(ctx context.Context, p rules.Product) (rules.Product, error) {
	now := m.deps.Now().UTC()
	p.ID, p.OnSale, p.Version, p.Created, p.Updated = shop.ProductID(m.deps.IDs.New()), true, 1, now, now
	if err := p.Check(); err != nil {
		return rules.Product{}, err
	}
	err := m.db.Write(ctx, func(tx *db.Tx) error {
		r := toRow(p)
		if err := tx.Create(&r).Error; errors.Is(err, db.ErrDuplicate) {
			return rules.ErrSKUTaken
		} else if err != nil {
			return err
		}
		return m.tell(tx, p)
	})
	if err != nil {
		return rules.Product{}, fmt.Errorf("create product: %w", err)
	}
	return p, nil
}

// Change applies a patch that is based on a version (0: on whichever is current).
func (m *Module) Change(ctx context.Context, id shop.ProductID, patch rules.Patch, version int64) (p rules.Product, err error) {
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		current, err := find(tx.Locking(), id)
		if err != nil {
			return err
		}
		if p, err = current.Apply(patch, version, m.deps.Now().UTC()); err != nil {
			return err
		}
		r := toRow(p)
		if err := tx.Save(&r).Error; err != nil {
			return err
		}
		return m.tell(tx, p)
	})
	if err != nil {
		return rules.Product{}, fmt.Errorf("change product: %w", err)
	}
	return p, nil
}

// tell writes what follows from a change: the index and the event.
func (m *Module) tell(tx *db.Tx, p rules.Product) error {
	if err := m.index.Index(tx, p); err != nil {
		return err
	}
	return m.out.Append(tx, change(p))
}

func change(p rules.Product) outbox.Change {
	return outbox.Change{Capability: shop.Catalog, Type: "product-changed", Key: string(p.ID), Version: p.Version, Data: Wire(p)}
}
