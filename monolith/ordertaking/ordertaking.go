package ordertaking

import (
	"context"
	"errors"
	"figlab/internal/process"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/outbox"
	"figlab/shop"
	"fmt"

	carts "figlab/shop/cart"
	catalog "figlab/shop/catalog"
	rules "figlab/shop/ordertaking"
)

// A Module of the monolith.
type Module struct {
	db   *db.DB
	out  outbox.Outbox
	ask  *Siblings
	deps process.Deps
}

// New returns the module. ask may be filled in later, until the first request: order processing needs this module too.
func New(d *db.DB, out outbox.Outbox, ask *Siblings, deps process.Deps) *Module {
	return &Module{d, out, ask, deps}
}

// Place turns the caller's cart into an order, once per key; replayed says that an earlier request did. The order comes back confirmed or
// rejected, or pending when the provider has not answered in time.
func (m *Module) Place(ctx context.Context, user shop.UserID, key string, r rules.Request) (o rules.Order, replayed bool, err error) {
	if _, err := m.ask.Rates.Rate(r.Address.Country, 1, r.Service); err != nil {
		return o, false, err
	}
	for range 2 {
		o, replayed, err = m.place(ctx, user, key, r)
		if !errors.Is(err, db.ErrDuplicate) { // else another request took the key meanwhile: it is there now
			break
		}
	}
	if err != nil {
		return o, false, fmt.Errorf("place order: %w", err)
	}
	if replayed || o.Payment == "" {
		return o, replayed, nil
	}
	settled, err := m.ask.Processing.Settle(ctx, o.ID, o.Payment)
	if err != nil {
		m.deps.Log.WarnContext(ctx, "order stays pending", "order", string(o.ID), "error", err.Error())
		return o, false, nil
	}
	return settled, false, nil
}

// place is the transaction. The cart is locked before the key is looked for: of two requests at once the second finds the order.
func (m *Module) place(ctx context.Context, user shop.UserID, key string, r rules.Request) (o rules.Order, replayed bool, err error) {
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		c, err := m.ask.Cart.Contents(tx, user)
		if err != nil {
			return err
		}
		before, err := find(tx.DB, "user_id = ? AND idempotency_key = ?", user, key)
		if err == nil {
			replayed = true
			if before.Fingerprint != r.Fingerprint() {
				return shop.ErrKeyReused
			}
			o, err = before.order()
			return err
		}
		if !errors.Is(err, rules.ErrNotFound) {
			return err
		}
		o, err = m.insert(ctx, tx, user, key, r, c)
		return err
	})
	return o, replayed, err
}

// insert writes a new order and everything that follows from it at once.
func (m *Module) insert(ctx context.Context, tx *db.Tx, user shop.UserID, key string, r rules.Request, c carts.Cart) (rules.Order, error) {
	lines, forSale, err := m.lines(ctx, tx, c)
	if err != nil {
		return rules.Order{}, err
	}
	draft, err := rules.NewDraft(lines, func(weight shop.Grams) (shop.Money, error) {
		return m.ask.Rates.Rate(r.Address.Country, weight, r.Service)
	})
	if err != nil {
		return rules.Order{}, err
	}
	o := rules.Order{Draft: draft, ID: shop.OrderID(m.deps.IDs.New()), User: user, Key: key, Request: r}
	o, refused, err := m.ask.Processing.Accept(tx, o, forSale)
	if err != nil {
		return o, err
	}
	// The order was placed before anything else happened to it, also when it is rejected at once.
	if err := m.out.Append(tx, placed(o)); err != nil {
		return o, err
	}
	if refused != "" {
		if o, err = m.ask.Processing.Reject(tx, o, refused); err != nil {
			return o, err
		}
	}
	row, err := toRow(o)
	if err != nil {
		return o, err
	}
	if err := tx.Create(&row).Error; err != nil {
		return o, err
	}
	if refused != "" {
		return o, nil
	}
	return o, m.ask.Cart.Empty(tx, user, c)
}

func placed(o rules.Order) outbox.Change {
	return outbox.Change{Capability: shop.OrderTaking, Type: "order-placed", Key: string(o.ID), Version: o.Version, Data: Wire(o)}
}

// lines snapshots names, prices and weights, with one look at the catalog. A product that has gone is left out.
func (m *Module) lines(ctx context.Context, tx *db.Tx, c carts.Cart) (lines []rules.Line, forSale bool, err error) {
	ids := make([]shop.ProductID, len(c.Items))
	for i, item := range c.Items {
		ids[i] = item.Product
	}
	found, err := m.ask.Products.Lookup(ctx, tx, ids)
	if err != nil {
		return nil, false, err
	}
	forSale = true
	for _, item := range c.Items {
		var p catalog.Product
		p, ok := found[item.Product]
		if !ok {
			continue
		}
		forSale = forSale && p.OnSale
		lines = append(lines, rules.Line{Product: p.ID, Name: p.Name, Quantity: item.Quantity, Price: p.Price, Weight: p.Weight})
	}
	return lines, forSale, nil
}

// List returns a page of the user's orders, newest first, and the cursor of the next page.
func (m *Module) List(ctx context.Context, user shop.UserID, cursor string, limit int) ([]rules.Order, string, error) {
	after, err := rules.ParseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	return page(m.db.Read(ctx), user, after, limit)
}
