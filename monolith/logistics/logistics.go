package logistics

import (
	"context"
	"errors"
	"figlab/internal/process"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/outbox"
	"figlab/monolith/platform/wire"
	"figlab/shop"
	"fmt"
	"time"

	rules "figlab/shop/logistics"
	processing "figlab/shop/orderprocessing"
)

// A Module of the monolith.
type Module struct {
	db      *db.DB
	out     outbox.Outbox
	carrier carrier
	deps    process.Deps
	delay   time.Duration // from confirmation to booking: the time a shopper has to cancel
	planned chan struct{} // wakes the dispatcher
}

// New returns the module. url is where the carrier is.
func New(d *db.DB, out outbox.Outbox, url string, delay time.Duration, deps process.Deps) (*Module, error) {
	c, err := dial(url, deps)
	if err != nil {
		return nil, err
	}
	return &Module{d, out, c, deps, delay, make(chan struct{}, 1)}, nil
}

// Rate returns what shipping a weight costs.
func (m *Module) Rate(country string, weight shop.Grams, service string) (shop.Money, error) {
	q, err := rules.Rate(country, weight, rules.Service(service))
	return q.Price, err
}

// Plan writes that an order is to be shipped, in the caller's transaction.
func (m *Module) Plan(
	tx *db.Tx, order shop.OrderID, user shop.UserID, service string, to shop.Address, weight shop.Grams,
) (shop.ShipmentID, error) {
	address, err := wire.Encode(to)
	if err != nil {
		return "", err
	}
	now := m.deps.Now()
	r := row{
		ID: m.deps.IDs.New(), OrderID: string(order), UserID: string(user), State: string(rules.Pending), Service: service,
		Address: address, Weight: int64(weight), Due: db.Micros(now.Add(m.delay)),
		Version: 1, Created: db.Micros(now), Updated: db.Micros(now),
	}
	if err := tx.Create(&r).Error; err != nil {
		return "", fmt.Errorf("plan shipment: %w", err)
	}
	tx.AfterCommit(m.wake)
	return shop.ShipmentID(r.ID), m.tell(tx, r)
}

// Cancel calls a shipment back, in the caller's transaction, unless there is none or the carrier may know of it already.
func (m *Module) Cancel(tx *db.Tx, order shop.OrderID) error {
	r, err := find(tx.Locking(), "order_id = ?", order)
	if errors.Is(err, rules.ErrNotFound) {
		return processing.ErrNotCancellable
	}
	if err != nil {
		return err
	}
	if r.State != string(rules.Pending) || r.Claimed {
		return processing.ErrNotCancellable
	}
	return m.become(tx, r, rules.Cancelled)
}

// shipment returns one of the user's shipments.
func (m *Module) shipment(ctx context.Context, user shop.UserID, id shop.ShipmentID) (row, error) {
	return find(m.db.Read(ctx), "id = ? AND user_id = ?", id, user)
}

func (m *Module) become(tx *db.Tx, r row, s rules.State) error {
	r.State, r.Updated, r.Version = string(s), db.Micros(m.deps.Now()), r.Version+1
	if err := tx.Save(&r).Error; err != nil {
		return fmt.Errorf("write shipment: %w", err)
	}
	return m.tell(tx, r)
}

func (m *Module) tell(tx *db.Tx, r row) error {
	data, err := toWire(r)
	if err != nil {
		return err
	}
	return m.out.Append(tx, outbox.Change{
		Capability: shop.Logistics, Type: "shipment-changed", Key: r.ID, Version: r.Version, Data: data,
	})
}

func (m *Module) wake() {
	select {
	case m.planned <- struct{}{}:
	default: // it is about to look anyway
	}
}
