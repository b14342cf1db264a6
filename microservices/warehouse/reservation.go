package warehouse

import (
	"context"
	"errors"
	"figlab/microservices/platform/store"
	"figlab/microservices/platform/wire"
	"figlab/shop"
	"fmt"
	"maps"
	"slices"
	"time"

	rules "figlab/shop/warehouse"
)

// The states of a reservation.
//
//	held ──► kept ──► committed
//	  └───────┴─────► released
const (
	held      = "held" // until it expires
	kept      = "kept" // it was paid for
	released  = "released"
	committed = "committed"
)

// ErrExpired is returned for a reservation whose pieces are free again.
var ErrExpired = shop.NewError(shop.Conflict, "reservation-expired", "the reservation has ended: its pieces are free again")

// An Item is how much of a product is moved.
type Item struct {
	Product  shop.ProductID `json:"product"`
	Quantity shop.Quantity  `json:"quantity"`
}

// merged returns each product once, in the order in which rows are locked.
func merged(items []Item) []Item {
	sums := make(map[shop.ProductID]shop.Quantity, len(items))
	for _, i := range items {
		sums[i.Product] += i.Quantity
	}
	out := make([]Item, 0, len(sums))
	for _, p := range slices.Sorted(maps.Keys(sums)) {
		out = append(out, Item{p, sums[p]})
	}
	return out
}

// Reserve takes what an order wants out of what is free for a while: all items or none, once per order. That the reservation is new is
// decided by the database, with the row itself: of two requests the second waits, and finds what the first has done.
func (w *Warehouse) Reserve(ctx context.Context, order shop.OrderID, items []Item, within time.Duration) (Reservation, error) {
	items = merged(items)
	text, err := wire.Encode(items)
	if err != nil {
		return Reservation{}, err
	}
	now := w.deps.Now()
	wanted := Reservation{
		OrderID: string(order), State: held, Items: text, Expires: store.Micros(now.Add(within)),
		Version: 1, Created: store.Micros(now), Updated: store.Micros(now),
	}
	var r Reservation
	err = w.db.Write(ctx, func(tx *store.Tx) (err error) {
		var fresh bool
		r, fresh, err = claim(tx, wanted)
		switch {
		case err != nil:
			return err
		case fresh:
			return w.move(tx, rules.Reserved, r.OrderID, items)
		case r.State == released:
			return rules.ErrShort
		case r.Items != text:
			return shop.ErrKeyReused
		}
		return nil
	})
	if errors.Is(err, rules.ErrShort) {
		// The order is told that there is too little, and that stays so: a repetition of the request that comes late, after a restock, must
		// not hold pieces for an order that was rejected.
		if _, marked := w.Release(ctx, order); marked != nil {
			return Reservation{}, marked
		}
	}
	if err != nil {
		return Reservation{}, fmt.Errorf("reserve for order %s: %w", order, err)
	}
	return r, nil
}

// Keep makes a reservation one that does not end by itself. One whose time is over but whose pieces are still here is kept too.
func (w *Warehouse) Keep(ctx context.Context, order shop.OrderID) (r Reservation, err error) {
	err = w.db.Write(ctx, func(tx *store.Tx) error {
		if done, err := keep(tx, order, store.Micros(w.deps.Now())); err != nil || done {
			r = Reservation{OrderID: string(order), State: kept}
			return err
		}
		r, err = find(tx.DB, order)
		if errors.Is(err, store.ErrNone) || err == nil && r.State == released {
			return ErrExpired
		}
		return err
	})
	if err != nil {
		return Reservation{}, fmt.Errorf("keep the reservation of order %s: %w", order, err)
	}
	return r, nil
}

// Release gives back what an order has reserved. For an order that is not known yet it leaves a mark: a reservation that was sent before
// and comes after it is refused.
func (w *Warehouse) Release(ctx context.Context, order shop.OrderID) (r Reservation, err error) {
	now := store.Micros(w.deps.Now())
	mark := Reservation{OrderID: string(order), State: released, Items: "[]", Version: 1, Created: now, Updated: now}
	err = w.db.Write(ctx, func(tx *store.Tx) (err error) {
		var fresh bool
		r, fresh, err = claim(tx, mark)
		if err != nil || fresh || r.State == released {
			return err
		}
		r, err = w.end(tx, r, rules.Released)
		return err
	})
	if err != nil {
		return Reservation{}, fmt.Errorf("release the reservation of order %s: %w", order, err)
	}
	return r, nil
}

// Commit takes what an order has reserved out of the house.
func (w *Warehouse) Commit(ctx context.Context, order shop.OrderID) (r Reservation, err error) {
	err = w.db.Write(ctx, func(tx *store.Tx) (err error) {
		r, err = find(tx.Locking(), order)
		switch {
		case errors.Is(err, store.ErrNone):
			return rules.ErrReserved
		case err != nil || r.State == committed:
			return err
		}
		r, err = w.end(tx, r, rules.Committed)
		return err
	})
	if err != nil {
		return Reservation{}, fmt.Errorf("commit the reservation of order %s: %w", order, err)
	}
	return r, nil
}

// end moves the pieces of a reservation that is locked, for the last time.
func (w *Warehouse) end(tx *store.Tx, r Reservation, by rules.Move) (Reservation, error) {
	if r.State != held && r.State != kept {
		return r, fmt.Errorf("it was %s: %w", r.State, rules.ErrReserved)
	}
	var items []Item
	if err := wire.Decode(r.Items, &items); err != nil {
		return r, err
	}
	if err := w.move(tx, by, r.OrderID, items); err != nil {
		return r, err
	}
	r.State = released
	if by == rules.Committed {
		r.State = committed
	}
	r.Expires, r.Version, r.Updated = 0, r.Version+1, store.Micros(w.deps.Now())
	return r, save(tx, r)
}
