package cart

import (
	"context"
	"embed"
	"errors"
	"figlab/api/internalapi/cartsapi"
	"figlab/api/shopapi/cartapi"
	"figlab/internal/process"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/inbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
	"slices"

	rules "figlab/shop/cart"
)

//go:embed migrations/*.sql
var migrations embed.FS

// A Cart is the service.
type Cart struct {
	db       *store.Store
	deps     process.Deps
	products products
}

// New opens the service's database and binds its addresses.
func New(ctx context.Context, cfg host.Config, deps process.Deps) (_ *host.Host, err error) {
	h, err := host.New(string(shop.Cart), cfg, deps)
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
	asked, err := newCatalog(h, deps)
	if err != nil {
		return nil, err
	}
	s := &Cart{db: db, deps: deps, products: asked}
	h.Consume(inbox.Subscription{Durable: string(shop.Cart), Idempotent: true, Skip: s.taken, Events: s.events()})
	public, err := h.Contract()
	if err != nil {
		return nil, err
	}
	cartapi.RegisterHandlers(public, cartapi.NewStrictHandler(HTTP{s}, []cartapi.StrictMiddlewareFunc{notExecuted}))
	inside, err := h.Inside(callers())
	if err != nil {
		return nil, err
	}
	cartsapi.RegisterHandlers(inside, cartsapi.NewStrictHandler(Inside{s}, []cartsapi.StrictMiddlewareFunc{notAdded}))
	h.Serve()
	return h, nil
}

// A View is a cart with names and prices.
type View struct {
	Lines    []rules.Line
	Subtotal shop.Money
	Version  int64
	Old      bool // names and prices are those last seen
}

// Show returns the caller's cart.
func (s *Cart) Show(ctx context.Context, user shop.UserID) (View, error) {
	c, _, err := find(s.db.Read(ctx), user)
	if err != nil {
		return View{}, err
	}
	return s.show(ctx, user, c)
}

// Put sets the quantity of a product that is on sale. The catalog is asked before the transaction: a lock waits for no other process.
func (s *Cart) Put(ctx context.Context, user shop.UserID, p shop.ProductID, q shop.Quantity) (View, error) {
	found, err := s.onSale(ctx, user, p)
	if err != nil {
		return View{}, err
	}
	c, err := s.change(ctx, user, found, func(c rules.Cart) (rules.Cart, error) { return c.Put(p, q) })
	if err != nil {
		return View{}, err
	}
	return price(c, found)
}

// Add puts one more of a product in, once per key: that it was done is noted in the transaction that does it.
func (s *Cart) Add(ctx context.Context, user shop.UserID, key string, p shop.ProductID) (View, error) {
	this := addition{string(user), key, string(p)}
	if done, err := this.done(s.db.Read(ctx)); err != nil {
		return View{}, err
	} else if done { // nothing is decided any more, so the catalog need not answer
		return s.Show(ctx, user)
	}
	found, err := s.onSale(ctx, user, p)
	if err != nil {
		return View{}, err
	}
	var c kept
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		step := func(c rules.Cart) (rules.Cart, error) { return c.Add(p) }
		first, err := this.note(tx)
		if err != nil {
			return err
		}
		if !first { // somebody else was faster under the same key
			step = func(c rules.Cart) (rules.Cart, error) { return c, nil }
		}
		c, err = changeIn(tx, user, found, step)
		return err
	})
	if err != nil {
		return View{}, fmt.Errorf("add to cart: %w", err)
	}
	return price(c, found)
}

// Remove takes a product out.
func (s *Cart) Remove(ctx context.Context, user shop.UserID, p shop.ProductID) (View, error) {
	c, err := s.change(ctx, user, nil, func(c rules.Cart) (rules.Cart, error) { return c.Remove(p), nil })
	if err != nil {
		return View{}, err
	}
	return s.show(ctx, user, c)
}

// Clear empties the cart.
func (s *Cart) Clear(ctx context.Context, user shop.UserID) (View, error) {
	c, err := s.change(ctx, user, nil, func(c rules.Cart) (rules.Cart, error) { return c.Clear(), nil })
	if err != nil {
		return View{}, err
	}
	return s.show(ctx, user, c)
}

// Contents returns what is in a cart, for whoever turns it into an order.
func (s *Cart) Contents(ctx context.Context, user shop.UserID) (rules.Cart, error) {
	c, _, err := find(s.db.Read(ctx), user)
	return c.Cart, err
}

// Ordered takes out what was ordered, and returns what is left.
func (s *Cart) Ordered(ctx context.Context, user shop.UserID, o shop.OrderID, lines []rules.Item) (c rules.Cart, err error) {
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		c, err = takeOut(tx, user, o, lines)
		return err
	})
	if err != nil {
		return rules.Cart{}, fmt.Errorf("take out what was ordered: %w", err)
	}
	return c, nil
}

// takeOut does it once per order, whoever comes first: the call of order taking or the event.
func takeOut(tx *store.Tx, user shop.UserID, o shop.OrderID, lines []rules.Item) (rules.Cart, error) {
	first, err := noteOrder(tx, user, o)
	if err != nil {
		return rules.Cart{}, err
	}
	if !first {
		lines = nil
	}
	c, err := changeIn(tx, user, nil, func(c rules.Cart) (rules.Cart, error) { return without(c, lines) })
	return c.Cart, err
}

// without returns a cart without what was ordered. What the shopper has put in since then stays.
func without(c rules.Cart, lines []rules.Item) (left rules.Cart, err error) {
	left = c
	for _, l := range lines {
		i := slices.IndexFunc(left.Items, func(i rules.Item) bool { return i.Product == l.Product })
		switch {
		case i < 0:
		case left.Items[i].Quantity <= l.Quantity:
			left = left.Remove(l.Product)
		default:
			if left, err = left.Put(l.Product, left.Items[i].Quantity-l.Quantity); err != nil {
				return rules.Cart{}, err
			}
		}
	}
	if left.Version > c.Version { // it is one change, however many lines the order has
		left.Version = c.Version + 1
	}
	return left, nil
}

type step func(rules.Cart) (rules.Cart, error)

func (s *Cart) change(ctx context.Context, user shop.UserID, found map[shop.ProductID]product, do step) (c kept, err error) {
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		c, err = changeIn(tx, user, found, do)
		return err
	})
	if err != nil {
		return kept{}, fmt.Errorf("change cart: %w", err)
	}
	return c, nil
}

func changeIn(tx *store.Tx, user shop.UserID, found map[shop.ProductID]product, do step) (kept, error) {
	c, err := lock(tx, user)
	if err != nil {
		return kept{}, err
	}
	changed, err := do(c.Cart)
	if err != nil || changed.Version == c.Version {
		return c, err
	}
	c.Cart = changed
	c.see(found)
	return c, save(tx, user, c)
}
