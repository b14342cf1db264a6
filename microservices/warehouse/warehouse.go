package warehouse

import (
	"context"
	"embed"
	"errors"
	"figlab/api/internalapi/reservationsapi"
	"figlab/api/shopapi/warehouseapi"
	"figlab/internal/process"
	"figlab/microservices/platform/duty"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"

	rules "figlab/shop/warehouse"
)

//go:embed migrations/*.sql
var migrations embed.FS

// A Warehouse knows how much there is, and what is promised to whom.
type Warehouse struct {
	db       *store.Store
	out      outbox.Outbox
	products products
	deps     process.Deps
}

// products is the sibling that knows whether a product exists that has never been in stock.
type products interface {
	Exists(ctx context.Context, id shop.ProductID) error
}

// New opens the service's database and binds its addresses.
func New(ctx context.Context, cfg host.Config, deps process.Deps) (_ *host.Host, err error) {
	h, err := host.New(string(shop.Warehouse), cfg, deps)
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
	if cfg.Owns {
		err := db.Seed(ctx, row{}.TableName(), func(tx *store.Tx) error { return seed(tx, cfg.Seed.Seed, cfg.Seed.Products) })
		if err != nil {
			return nil, err
		}
	}
	c, err := newCatalog(h)
	if err != nil {
		return nil, err
	}
	w := &Warehouse{db: db, out: h.Outbox(), products: c, deps: deps}
	h.Audit(w.audit)
	h.Part(duty.Part(db, deps, "expiries", w.expirer()))
	if err := w.open(h); err != nil {
		return nil, err
	}
	h.Serve()
	return h, nil
}

// open opens the doors. What is reserved is the business of order processing alone.
func (w *Warehouse) open(h *host.Host) error {
	public, err := h.Contract()
	if err != nil {
		return err
	}
	warehouseapi.RegisterHandlers(public, warehouseapi.NewStrictHandler(HTTP{w}, nil))
	one := []string{string(shop.OrderProcessing)}
	inside, err := h.Inside(map[string][]string{
		"reserveStock": one, "keepReservation": one, "releaseReservation": one, "commitReservation": one,
	})
	if err != nil {
		return err
	}
	reservationsapi.RegisterHandlers(inside, reservationsapi.NewStrictHandler(Inside{w}, nil))
	return nil
}

// Level is the stock of a product with its version.
type Level struct {
	rules.Stock
	Product shop.ProductID
	Version int64
}

// Stock returns how much there is. A product that was never in stock has none.
func (w *Warehouse) Stock(ctx context.Context, p shop.ProductID) (Level, error) {
	var r row
	err := w.db.Read(ctx).Take(&r, "product_id = ?", p).Error
	if errors.Is(err, store.ErrNone) {
		return Level{Product: p}, w.products.Exists(ctx, p)
	}
	if err != nil {
		return Level{}, fmt.Errorf("read stock: %w", err)
	}
	return r.level(), nil
}

// Restock receives goods once per key; replayed says that it was received before. A product that was never in stock gets its row once the
// catalog knows it: it is asked between two transactions, never within one.
func (w *Warehouse) Restock(ctx context.Context, p shop.ProductID, q shop.Quantity, key string) (l Level, replayed bool, err error) {
	err = w.db.Write(ctx, func(tx *store.Tx) (err error) {
		l, replayed, err = w.receive(tx, p, q, key)
		return err
	})
	if errors.Is(err, errNeverInStock) {
		if err := w.products.Exists(ctx, p); err != nil {
			return Level{}, false, err
		}
		err = w.db.Write(ctx, func(tx *store.Tx) (err error) {
			if err := makeStock(tx, p); err != nil {
				return err
			}
			l, replayed, err = w.receive(tx, p, q, key)
			return err
		})
	}
	if err != nil {
		return Level{}, false, fmt.Errorf("restock: %w", err)
	}
	return l, replayed, nil
}

// receive locks the row before it looks for the key: of two requests under one key the second finds what the first has moved.
func (w *Warehouse) receive(tx *store.Tx, p shop.ProductID, q shop.Quantity, key string) (Level, bool, error) {
	item := []Item{{p, q}}
	rows, err := lock(tx, item)
	if err != nil {
		return Level{}, false, err
	}
	r, ok := rows[p]
	if !ok {
		return Level{}, false, errNeverInStock
	}
	before, seen, err := moved(tx, p, rules.Restocked, key)
	switch {
	case err != nil:
		return Level{}, false, err
	case seen && before != q:
		return Level{}, false, shop.ErrKeyReused
	case seen:
		return r.level(), true, nil
	}
	levels, err := w.apply(tx, rows, rules.Restocked, key, item)
	if err != nil {
		return Level{}, false, err
	}
	return levels[0], false, nil
}

// move moves all items or none, with their rows locked in product order.
func (w *Warehouse) move(tx *store.Tx, kind rules.Move, cause string, items []Item) error {
	rows, err := lock(tx, items)
	if err != nil {
		return err
	}
	_, err = w.apply(tx, rows, kind, cause, items)
	return err
}

// apply writes moves of rows that are locked, and tells of them.
func (w *Warehouse) apply(tx *store.Tx, rows map[shop.ProductID]row, kind rules.Move, cause string, items []Item) ([]Level, error) {
	at := store.Micros(w.deps.Now())
	levels, moves, told := make([]Level, len(items)), make([]moveRow, len(items)), make([]outbox.Change, len(items))
	for i, item := range items {
		r, ok := rows[item.Product]
		if !ok {
			return nil, fmt.Errorf("%s %d of %s: %w", kind, item.Quantity, item.Product, rules.ErrShort)
		}
		s, err := r.level().Apply(kind, item.Quantity)
		if err != nil {
			return nil, fmt.Errorf("%s %d of %s: %w", kind, item.Quantity, item.Product, err)
		}
		levels[i] = Level{s, item.Product, r.Version + 1}
		moves[i] = moveRow{ProductID: r.ProductID, Kind: string(kind), Quantity: int64(item.Quantity), Cause: cause, At: at}
		told[i] = stockChanged(levels[i])
	}
	if err := write(tx, levels, moves); err != nil {
		return nil, err
	}
	return levels, w.out.Append(tx, told...)
}
