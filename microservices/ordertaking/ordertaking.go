package ordertaking

import (
	"context"
	"embed"
	"errors"
	"figlab/api/shopapi/ordertakingapi"
	"figlab/internal/process"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/inbox"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"

	rules "figlab/shop/ordertaking"
)

//go:embed migrations/*.sql
var migrations embed.FS

// An OrderTaking places orders.
type OrderTaking struct {
	db      *store.Store
	out     outbox.Outbox
	deps    process.Deps
	carts   carts
	catalog catalog
	rates   rates
}

// New opens the service's database and binds its addresses.
func New(ctx context.Context, cfg host.Config, deps process.Deps) (_ *host.Host, err error) {
	h, err := host.New(string(shop.OrderTaking), cfg, deps)
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
	ask, err := dial(h)
	if err != nil {
		return nil, err
	}
	o := &OrderTaking{db: db, out: h.Outbox(), deps: deps, carts: ask, catalog: ask, rates: ask}
	h.Audit(o.audit)
	h.Consume(inbox.Subscription{Durable: string(shop.OrderTaking), Idempotent: true, Events: o.heard()})
	public, err := h.Contract()
	if err != nil {
		return nil, err
	}
	ordertakingapi.RegisterHandlers(public, ordertakingapi.NewStrictHandler(HTTP{o}, nil))
	h.Serve()
	return h, nil
}

// Place turns the caller's cart into an order, once per key; replayed says that an earlier request did.
func (o *OrderTaking) Place(
	ctx context.Context, user shop.UserID, key string, r rules.Request,
) (placed rules.Order, replayed bool, err error) {
	placed, replayed, err = o.known(ctx, user, key, r)
	if err != nil || replayed {
		return placed, replayed, err
	}
	c, err := o.carts.read(ctx)
	if err != nil {
		return placed, false, fmt.Errorf("place order: %w", err)
	}
	if len(c.items) == 0 { // perhaps because another request under this key has just ordered it
		return o.orElse(ctx, user, key, r, rules.ErrEmptyCart)
	}
	draft, forSale, err := o.draft(ctx, c, r)
	if err != nil {
		return placed, false, fmt.Errorf("place order: %w", err)
	}
	placed = rules.Order{
		Draft: draft, ID: shop.OrderID(o.deps.IDs.New()), User: user, Key: key, Request: r,
		State: string(pending), Version: 1, Created: store.Time(store.Micros(o.deps.Now())), // as it will be read
	}
	placed.Updated = placed.Created
	err = o.insert(ctx, placed, c.version, forSale)
	if errors.Is(err, store.ErrDuplicate) { // the key, or this cart at this version, was ordered meanwhile
		return o.orElse(ctx, user, key, r, rules.ErrEmptyCart)
	}
	if err != nil {
		return placed, false, fmt.Errorf("place order: %w", err)
	}
	if err := o.carts.ordered(ctx, placed.ID, c.items); err != nil { // the cart hears of the order anyway
		o.deps.Log.WarnContext(ctx, "cart not emptied yet", "order", string(placed.ID), "error", err.Error())
	}
	return placed, false, nil
}

// known finds the order that an earlier request under the same key has placed.
func (o *OrderTaking) known(ctx context.Context, user shop.UserID, key string, r rules.Request) (rules.Order, bool, error) {
	before, err := find(o.db.Read(ctx), "user_id = ? AND idempotency_key = ?", user, key)
	if errors.Is(err, rules.ErrNotFound) {
		return rules.Order{}, false, nil
	}
	if err != nil {
		return rules.Order{}, false, err
	}
	if before.Fingerprint != r.Fingerprint() {
		return rules.Order{}, false, shop.ErrKeyReused
	}
	placed, err := before.order()
	return placed, true, err
}

// orElse looks for the key once more, and gives the reason where it is still unknown.
func (o *OrderTaking) orElse(
	ctx context.Context, user shop.UserID, key string, r rules.Request, reason error,
) (rules.Order, bool, error) {
	placed, replayed, err := o.known(ctx, user, key, r)
	if err == nil && !replayed {
		err = reason
	}
	return placed, replayed, err
}

// draft snapshots names, prices and weights, with one look at the catalog. A product that has gone is left out.
func (o *OrderTaking) draft(ctx context.Context, c contents, r rules.Request) (d rules.Draft, forSale bool, err error) {
	found, err := o.catalog.lookup(ctx, c.items)
	if err != nil {
		return d, false, err
	}
	var lines []rules.Line
	forSale = true
	for _, item := range c.items {
		p, ok := found[item.product]
		if !ok {
			continue
		}
		forSale = forSale && p.onSale
		lines = append(lines, rules.Line{Product: item.product, Name: p.name, Quantity: item.quantity, Price: p.price, Weight: p.weight})
	}
	d, err = rules.NewDraft(lines, func(weight shop.Grams) (shop.Money, error) {
		return o.rates.rate(ctx, r.Address.Country, weight, r.Service)
	})
	return d, forSale, err
}

// insert writes the order and the event that tells of it, both or neither.
func (o *OrderTaking) insert(ctx context.Context, placed rules.Order, cart int64, forSale bool) error {
	row, err := toRow(placed)
	if err != nil {
		return err
	}
	row.CartVersion = cart
	told, err := placement(placed, forSale)
	if err != nil {
		return err
	}
	return o.db.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return o.out.Append(tx, told)
	})
}

// Owned reads one of the user's orders.
func (o *OrderTaking) Owned(ctx context.Context, user shop.UserID, id shop.OrderID) (rules.Order, error) {
	r, err := find(o.db.Read(ctx), "id = ? AND user_id = ?", id, user)
	if err != nil {
		return rules.Order{}, err
	}
	return r.order()
}

// List returns a page of the user's orders, newest first, and the cursor of the next page.
func (o *OrderTaking) List(ctx context.Context, user shop.UserID, cursor string, limit int) ([]rules.Order, string, error) {
	after, err := rules.ParseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	return page(o.db.Read(ctx), user, after, limit)
}
