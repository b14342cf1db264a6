package logistics

import (
	"context"
	"figlab/api/internalapi"
	"figlab/internal/process"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/wire"
	"figlab/shop"
	"fmt"
	"time"

	rules "figlab/shop/logistics"
)

// Dispatcher returns the part that books due shipments at the carrier and has their orders shipped. It sleeps until the next one is due,
// or until one is planned; a look now and then finds what a failed booking left.
func (m *Module) Dispatcher(o orders) process.Part {
	return process.Part{Name: "dispatcher", Run: func(ctx context.Context) error {
		for ctx.Err() == nil {
			next, err := m.dispatch(ctx, o)
			if err != nil && ctx.Err() == nil {
				m.deps.Log.WarnContext(ctx, "shipments wait", "error", err.Error())
			}
			timer := time.NewTimer(next)
			select {
			case <-timer.C:
			case <-m.planned:
			case <-ctx.Done():
			}
			timer.Stop()
		}
		return nil
	}}
}

const lookAgain = 2 * time.Second

// dispatch books everything that is due, and returns how long to sleep.
func (m *Module) dispatch(ctx context.Context, o orders) (time.Duration, error) {
	ids, next, err := due(m.db.Read(ctx), db.Micros(m.deps.Now()))
	if err != nil {
		return lookAgain, err
	}
	for _, id := range ids {
		if err := m.book(ctx, o, id); err != nil {
			return lookAgain / 4, err
		}
	}
	if next == 0 {
		return lookAgain, nil
	}
	return min(lookAgain, max(db.Time(next).Sub(m.deps.Now()), time.Millisecond)), nil
}

// book claims a shipment, books it, and ships its order. A crash after the claim is followed by the same steps again: the carrier
// knows the key.
func (m *Module) book(ctx context.Context, o orders, id shop.ShipmentID) error {
	var r row
	err := m.db.Write(ctx, func(tx *db.Tx) (err error) {
		if r, err = find(tx.Locking(), "id = ?", id); err != nil || r.State != string(rules.Pending) {
			return err
		}
		r.Claimed = true
		return tx.Save(&r).Error
	})
	if err != nil || r.State != string(rules.Pending) {
		return err
	}
	var to shop.Address
	if err := wire.Decode(r.Address, &to); err != nil {
		return err
	}
	reference, err := m.carrier.book(ctx, r, to.Country)
	if err != nil {
		return err
	}
	return m.db.Write(ctx, func(tx *db.Tx) error {
		r, err := find(tx.Locking(), "id = ?", id)
		if err != nil || r.State != string(rules.Pending) {
			return err
		}
		r.Reference = reference
		if err := m.become(tx, r, rules.Booked); err != nil {
			return err
		}
		return o.Shipped(ctx, tx, shop.OrderID(r.OrderID))
	})
}

// Listener returns the part that follows the carrier's events. Its position is kept in the transaction of what the events cause.
func (m *Module) Listener(o orders) process.Part {
	return process.Part{Name: "carrier listener", Run: func(ctx context.Context) error {
		for ctx.Err() == nil {
			if err := m.listen(ctx, o); err != nil && ctx.Err() == nil {
				m.deps.Log.WarnContext(ctx, "carrier events wait", "error", err.Error())
				timer := time.NewTimer(500 * time.Millisecond)
				select {
				case <-timer.C:
				case <-ctx.Done():
				}
				timer.Stop()
			}
		}
		return nil
	}}
}

func (m *Module) listen(ctx context.Context, o orders) error {
	after, err := cursor(m.db.Read(ctx))
	if err != nil {
		return err
	}
	events, err := m.carrier.events(ctx, after)
	if err != nil || len(events) == 0 {
		return err
	}
	for _, e := range events {
		if e.State == internalapi.ParcelEventStateDelivered {
			booked, err := m.isBooked(ctx, e.Key)
			if err != nil {
				return err
			}
			if !booked { // the carrier is ahead of our own bookkeeping: come back for it
				return fmt.Errorf("parcel %s was delivered before its shipment was booked here", e.Key)
			}
		}
		if err := m.db.Write(ctx, func(tx *db.Tx) error { return m.hear(ctx, tx, o, e) }); err != nil {
			return fmt.Errorf("carrier event %d: %w", e.Sequence, err)
		}
	}
	return nil
}

func (m *Module) isBooked(ctx context.Context, id string) (bool, error) {
	r, err := find(m.db.Read(ctx), "id = ?", id)
	if err != nil {
		return false, err
	}
	return r.State != string(rules.Pending), nil
}

// hear acts on one event.
func (m *Module) hear(ctx context.Context, tx *db.Tx, o orders, e internalapi.ParcelEvent) error {
	if e.State == internalapi.ParcelEventStateDelivered {
		r, err := find(tx.Locking(), "id = ?", e.Key)
		if err != nil {
			return err
		}
		if r.State == string(rules.Booked) {
			if err := m.become(tx, r, rules.Delivered); err != nil {
				return err
			}
			if err := o.Delivered(ctx, tx, shop.OrderID(r.OrderID)); err != nil {
				return err
			}
		}
	}
	return setCursor(tx, e.Sequence)
}
