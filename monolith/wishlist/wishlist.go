package wishlist

import (
	"context"
	"figlab/internal/process"
	"figlab/monolith/cart"
	"figlab/monolith/platform/db"
	"figlab/shop"
	"fmt"

	catalog "figlab/shop/catalog"
	rules "figlab/shop/wishlist"
)

// A Module of the monolith.
type Module struct {
	db       *db.DB
	products products
	carts    carts
	deps     process.Deps
}

// New returns the module.
func New(d *db.DB, p products, c carts, deps process.Deps) *Module { return &Module{d, p, c, deps} }

// A Named wish.
type Named struct {
	rules.Wish
	Name string
}

// Show returns the caller's wishes, oldest first.
func (m *Module) Show(ctx context.Context, user shop.UserID) ([]Named, error) {
	wishes, err := load(m.db.Read(ctx), user)
	if err != nil {
		return nil, err
	}
	return m.named(ctx, nil, wishes)
}

// Wish adds a product.
func (m *Module) Wish(ctx context.Context, user shop.UserID, p shop.ProductID) (out []Named, err error) {
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		found, err := m.products.Lookup(ctx, tx, []shop.ProductID{p})
		if err != nil {
			return err
		}
		if _, ok := found[p]; !ok {
			return catalog.ErrNotFound
		}
		wishes, err := load(tx.DB, user)
		if err != nil {
			return err
		}
		more, err := rules.Add(wishes, p, m.deps.Now().UTC())
		if err != nil {
			return err
		}
		if len(more) > len(wishes) {
			if err := add(tx, user, more[len(more)-1]); err != nil {
				return err
			}
		}
		out, err = m.named(ctx, tx, more)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("wish: %w", err)
	}
	return out, nil
}

// Forget removes a product.
func (m *Module) Forget(ctx context.Context, user shop.UserID, p shop.ProductID) (out []Named, err error) {
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		if err := remove(tx, user, p); err != nil {
			return err
		}
		wishes, err := load(tx.DB, user)
		if err != nil {
			return err
		}
		out, err = m.named(ctx, tx, wishes)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("forget wish: %w", err)
	}
	return out, nil
}

// MoveToCart puts one of a wished product into the cart and gives up the wish, both or neither.
func (m *Module) MoveToCart(ctx context.Context, user shop.UserID, p shop.ProductID) (v cart.View, err error) {
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		wishes, err := load(tx.Locking(), user)
		if err != nil {
			return err
		}
		if !rules.Holds(wishes, p) {
			return rules.ErrNotWished
		}
		if err := remove(tx, user, p); err != nil {
			return err
		}
		v, err = m.carts.Add(ctx, tx, user, p)
		return err
	})
	if err != nil {
		return cart.View{}, fmt.Errorf("move wish to cart: %w", err)
	}
	return v, nil
}

func (m *Module) named(ctx context.Context, tx *db.Tx, wishes []rules.Wish) ([]Named, error) {
	ids := make([]shop.ProductID, len(wishes))
	for i, w := range wishes {
		ids[i] = w.Product
	}
	found, err := m.products.Lookup(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Named, len(wishes))
	for i, w := range wishes {
		out[i] = Named{w, found[w.Product].Name}
	}
	return out, nil
}
