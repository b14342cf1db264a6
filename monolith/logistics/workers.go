package logistics

import (
	"context"
	"errors"
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

const (
	lookAgain = 2 * time.Second // at whatever a failed booking or another process left
	postpone  = time.Minute     // a shipment that the carrier refuses, so that it does not stand in the way of the others
)

// dispatch books everything that is due, and returns how long to sleep.
func (m *Module) dispatch(ctx context.Context, o orders) (time.Duration, error) {
	ids, next, err := due(m.db.Read(ctx), db.Micros(m.deps.Now()))
	if err != nil {
		return lookAgain, err
	}
	var refusals error
	for _, id := range ids {
		err := m.book(ctx, o, id)
		if errors.Is(err, errRefused) {
			refusals = errors.Join(refusals, err)
			err = m.putOff(ctx, id)
		}
		if err != nil { // the carrier or the database is away: it will be so for the next one too
			return lookAgain / 4, errors.Join(refusals, err)
		}
	}
	if next == 0 {
		return lookAgain, refusals
	}
	return min(lookAgain, max(db.Time(next).Sub(m.deps.Now()), time.Millisecond)), refusals
}

// putOff makes a shipment wait before it is tried again.
func (m *Module) putOff(ctx context.Context, id shop.ShipmentID) error {
	return m.db.Write(ctx, func(tx *db.Tx) error {
		return tx.Model(&row{}).Where("id = ?", id).Update("due", db.Micros(m.deps.Now().Add(postpone))).Error
	})
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
		if e.State != internalapi.ParcelEventStateDelivered {
			continue // that a parcel is booked the dispatcher knows already
		}
		if err := m.db.Write(ctx, func(tx *db.Tx) error { return m.hear(ctx, tx, o, e) }); err != nil {
			return fmt.Errorf("carrier event %d: %w", e.Sequence, err)
		}
	}
	last := events[len(events)-1]
	if last.State == internalapi.ParcelEventStateDelivered {
		return nil // written with what it caused
	}
	return m.db.Write(ctx, func(tx *db.Tx) error { return setCursor(tx, last.Sequence) })
}

// errAhead is returned for a delivery of a shipment that is still being booked here: the carrier's answer was lost, and is asked for again.
var errAhead = errors.New("the carrier is ahead of our own books")

// hear acts on a delivery. The shipment of another client of the carrier is none of ours.
func (m *Module) hear(ctx context.Context, tx *db.Tx, o orders, e internalapi.ParcelEvent) error {
	r, err := find(tx.Locking(), "id = ?", e.Key)
	switch {
	case errors.Is(err, rules.ErrNotFound):
	case err != nil:
		return err
	case r.State == string(rules.Pending):
		return errAhead
	case r.State == string(rules.Booked):
		if err := m.become(tx, r, rules.Delivered); err != nil {
			return err
		}
		if err := o.Delivered(ctx, tx, shop.OrderID(r.OrderID)); err != nil {
			return err
		}
	}
	return setCursor(tx, e.Sequence)
}
