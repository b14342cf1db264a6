package warehouse

import (
	"context"
	"errors"
	"figlab/internal/process"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/outbox"
	"figlab/shop"
	"fmt"

	rules "figlab/shop/warehouse"
)

// A Module of the monolith.
type Module struct {
	db          *db.DB
	out         outbox.Outbox
	products    products
	suggestions suggestions
	deps        process.Deps
}

// New returns the module.
func New(d *db.DB, out outbox.Outbox, p products, s suggestions, deps process.Deps) *Module {
	return &Module{d, out, p, s, deps}
}

// An Item is how much of a product is moved.
type Item struct {
	Product  shop.ProductID
	Quantity shop.Quantity
}

// Level is the stock of a product with its version.
type Level struct {
	rules.Stock
	Product shop.ProductID
	Version int64
}

// Stock returns how much there is. A product that was never in stock has none.
func (m *Module) Stock(ctx context.Context, p shop.ProductID) (Level, error) {
	var r row
	err := m.db.Read(ctx).Take(&r, "product_id = ?", p).Error
	if errors.Is(err, db.ErrNone) {
		if _, err := m.products.Product(ctx, p); err != nil {
			return Level{}, err
		}
		return Level{Product: p}, nil
	}
	if err != nil {
		return Level{}, fmt.Errorf("read stock: %w", err)
	}
	return Level{r.stock(), p, r.Version}, nil
}

// Reserve takes what an order wants out of what is free, in the caller's transaction: all items or none.
func (m *Module) Reserve(tx *db.Tx, order shop.OrderID, items []Item) error {
	return m.move(tx, rules.Reserved, string(order), items)
}

// Commit takes what an order has reserved out of the house.
func (m *Module) Commit(tx *db.Tx, order shop.OrderID, items []Item) error {
	return m.move(tx, rules.Committed, string(order), items)
}

// Release gives back what an order has reserved.
func (m *Module) Release(tx *db.Tx, order shop.OrderID, items []Item) error {
	return m.move(tx, rules.Released, string(order), items)
}

func (m *Module) move(tx *db.Tx, kind rules.Move, cause string, items []Item) error {
	rows, err := lock(tx, items)
	if err != nil {
		return err
	}
	at := db.Micros(m.deps.Now())
	var changed []row
	var moves []moveRow
	var told []outbox.Change
	for _, item := range sorted(items) {
		r, ok := rows[item.Product]
		if !ok {
			return fmt.Errorf("%s %d of %s: %w", kind, item.Quantity, item.Product, rules.ErrShort)
		}
		s, err := r.stock().Apply(kind, item.Quantity)
		if err != nil {
			return fmt.Errorf("%s %d of %s: %w", kind, item.Quantity, item.Product, err)
		}
		r.OnHand, r.Reserved, r.Version = int64(s.OnHand), int64(s.Reserved), r.Version+1
		changed = append(changed, r)
		moves = append(moves, moveRow{ProductID: r.ProductID, Kind: string(kind), Quantity: int64(item.Quantity), Cause: cause, At: at})
		told = append(told, changeOf(Level{s, item.Product, r.Version}))
	}
	if err := write(tx, changed, moves); err != nil {
		return err
	}
	return m.out.Append(tx, told...)
}

// receive adds to a row that is locked.
func (m *Module) receive(tx *db.Tx, r row, q shop.Quantity, key string) (Level, error) {
	item := Item{shop.ProductID(r.ProductID), q}
	if err := m.move(tx, rules.Restocked, key, []Item{item}); err != nil {
		return Level{}, err
	}
	s, err := r.stock().Apply(rules.Restocked, q)
	return Level{s, item.Product, r.Version + 1}, err
}

func changeOf(l Level) outbox.Change {
	return outbox.Change{Capability: shop.Warehouse, Type: "stock-changed", Key: string(l.Product), Version: l.Version, Data: toWire(l)}
}

// Restock receives goods once per key; replayed says that it was received before.
func (m *Module) Restock(ctx context.Context, p shop.ProductID, q shop.Quantity, key string) (l Level, replayed bool, err error) {
	if _, err := m.products.Product(ctx, p); err != nil {
		return Level{}, false, err
	}
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		// The row is locked before the key is looked for: of two requests under one key the second finds what the first has moved.
		r, err := lockOrMake(tx, p)
		if err != nil {
			return err
		}
		before, seen, err := moved(tx, p, rules.Restocked, key)
		if err != nil {
			return err
		}
		if replayed = seen; seen {
			if l = (Level{r.stock(), p, r.Version}); before != q {
				return shop.ErrKeyReused
			}
			return nil
		}
		l, err = m.receive(tx, r, q, key)
		return err
	})
	if err != nil {
		return Level{}, false, fmt.Errorf("restock: %w", err)
	}
	return l, replayed, nil
}
