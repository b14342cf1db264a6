package cart

import (
	"context"
	"figlab/monolith/platform/db"
	"figlab/shop"
	"fmt"

	rules "figlab/shop/cart"
	catalog "figlab/shop/catalog"
)

// A Module of the monolith.
type Module struct {
	db       *db.DB
	products products
}

// New returns the module.
func New(d *db.DB, p products) *Module { return &Module{d, p} }

// A View is a cart at today's prices.
type View struct {
	Lines    []rules.Line
	Subtotal shop.Money
	Version  int64
}

// Show returns the caller's cart.
func (m *Module) Show(ctx context.Context, user shop.UserID) (View, error) {
	c, err := load(m.db.Read(ctx), user)
	if err != nil {
		return View{}, err
	}
	return m.view(ctx, nil, c)
}

// Put sets the quantity of a product that is on sale.
func (m *Module) Put(ctx context.Context, user shop.UserID, p shop.ProductID, q shop.Quantity) (View, error) {
	return m.change(ctx, user, func(tx *db.Tx, c rules.Cart) (rules.Cart, error) {
		if err := m.onSale(ctx, tx, p); err != nil {
			return c, err
		}
		return c.Put(p, q)
	})
}

// Add puts one more of a product into a cart, in the caller's transaction.
func (m *Module) Add(ctx context.Context, tx *db.Tx, user shop.UserID, p shop.ProductID) (View, error) {
	if err := m.onSale(ctx, tx, p); err != nil {
		return View{}, err
	}
	return m.changeIn(ctx, tx, user, func(_ *db.Tx, c rules.Cart) (rules.Cart, error) { return c.Add(p) })
}

// Remove takes a product out.
func (m *Module) Remove(ctx context.Context, user shop.UserID, p shop.ProductID) (View, error) {
	return m.change(ctx, user, func(_ *db.Tx, c rules.Cart) (rules.Cart, error) { return c.Remove(p), nil })
}

// Clear empties the cart.
func (m *Module) Clear(ctx context.Context, user shop.UserID) (View, error) {
	return m.change(ctx, user, func(_ *db.Tx, c rules.Cart) (rules.Cart, error) { return c.Clear(), nil })
}

// Contents returns what is in a cart, in the caller's transaction, for whoever turns it into an order.
func (m *Module) Contents(tx *db.Tx, user shop.UserID) (rules.Cart, error) {
	return load(tx.Locking(), user)
}

// Empty empties a cart that was read by Contents, in the same transaction.
func (m *Module) Empty(tx *db.Tx, user shop.UserID, c rules.Cart) error {
	return save(tx, user, c.Clear())
}

type step func(*db.Tx, rules.Cart) (rules.Cart, error)

func (m *Module) change(ctx context.Context, user shop.UserID, s step) (v View, err error) {
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		v, err = m.changeIn(ctx, tx, user, s)
		return err
	})
	if err != nil {
		return View{}, fmt.Errorf("change cart: %w", err)
	}
	return v, nil
}

func (m *Module) changeIn(ctx context.Context, tx *db.Tx, user shop.UserID, s step) (View, error) {
	c, err := load(tx.Locking(), user)
	if err != nil {
		return View{}, err
	}
	changed, err := s(tx, c)
	if err != nil {
		return View{}, err
	}
	if changed.Version != c.Version {
		if err := save(tx, user, changed); err != nil {
			return View{}, err
		}
	}
	return m.view(ctx, tx, changed)
}

func (m *Module) onSale(ctx context.Context, tx *db.Tx, p shop.ProductID) error {
	found, err := m.products.Lookup(ctx, tx, []shop.ProductID{p})
	if err != nil {
		return err
	}
	product, ok := found[p]
	switch {
	case !ok:
		return catalog.ErrNotFound
	case !product.OnSale:
		return catalog.ErrNotForSale
	}
	return nil
}

// view prices a cart with one look at the catalog. A product that has gone is not shown.
func (m *Module) view(ctx context.Context, tx *db.Tx, c rules.Cart) (v View, err error) {
	ids := make([]shop.ProductID, len(c.Items))
	for i, item := range c.Items {
		ids[i] = item.Product
	}
	found, err := m.products.Lookup(ctx, tx, ids)
	if err != nil {
		return View{}, err
	}
	v.Version = c.Version
	for _, item := range c.Items {
		p, ok := found[item.Product]
		if !ok {
			continue
		}
		line, err := rules.Price(item, p.Name, p.Price)
		if err != nil {
			return View{}, err
		}
		v.Lines = append(v.Lines, line)
	}
	v.Subtotal, err = rules.Subtotal(v.Lines)
	return v, err
}
