package logistics

import (
	"context"
	"embed"
	"errors"
	"figlab/api/internalapi/dispatchapi"
	"figlab/api/shopapi/logisticsapi"
	"figlab/internal/process"
	"figlab/microservices/platform/duty"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/microservices/platform/wire"
	"figlab/shop"
	"fmt"
	"time"

	rules "figlab/shop/logistics"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config of the service.
type Config struct {
	host.Config
	Carrier       string        // where the carrier is
	DispatchDelay time.Duration // from confirmation to booking: the time a shopper has to cancel
}

// Logistics plans shipments and has them carried.
type Logistics struct {
	db      *store.Store
	out     outbox.Outbox
	carrier parcels
	deps    process.Deps
	delay   time.Duration
	planned chan struct{} // wakes the dispatcher
}

// New opens the service's database and binds its addresses.
func New(ctx context.Context, cfg Config, deps process.Deps) (_ *host.Host, err error) {
	h, err := host.New(string(shop.Logistics), cfg.Config, deps)
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
	c, err := newCarrier(h, cfg.Carrier)
	if err != nil {
		return nil, err
	}
	l := &Logistics{db: db, out: h.Outbox(), carrier: c, deps: deps, delay: cfg.DispatchDelay, planned: make(chan struct{}, 1)}
	h.Audit(l.audit)
	h.Consume(l.subscription())
	h.Part(duty.Part(db, deps, "dispatch", l.dispatcher()))
	h.Part(duty.Part(db, deps, "carrier events", l.listener()))
	if err := l.open(h); err != nil {
		return nil, err
	}
	h.Serve()
	return h, nil
}

// open opens the doors. What is planned is the business of order processing alone.
func (l *Logistics) open(h *host.Host) error {
	public, err := h.Contract()
	if err != nil {
		return err
	}
	logisticsapi.RegisterHandlers(public, logisticsapi.NewStrictHandler(HTTP{l}, nil))
	one := []string{string(shop.OrderProcessing)}
	inside, err := h.Inside(map[string][]string{"planShipment": one, "recallShipment": one})
	if err != nil {
		return err
	}
	dispatchapi.RegisterHandlers(inside, dispatchapi.NewStrictHandler(Inside{l}, nil))
	return nil
}

// A Parcel is what is to be carried, to whom.
type Parcel struct {
	User    shop.UserID
	Service string
	To      shop.Address
	Weight  shop.Grams
}

// Plan writes that an order is to be shipped, once per order. It is not due before the order is confirmed.
func (l *Logistics) Plan(ctx context.Context, order shop.OrderID, p Parcel) (Shipment, error) {
	address, err := wire.Encode(p.To)
	if err != nil {
		return Shipment{}, err
	}
	now := store.Micros(l.deps.Now())
	wanted := Shipment{
		ID: l.deps.IDs.New(), OrderID: string(order), UserID: string(p.User), State: string(rules.Pending), Service: p.Service,
		Address: address, Weight: int64(p.Weight), Version: 1, Created: now, Updated: now,
	}
	var s Shipment
	err = l.db.Write(ctx, func(tx *store.Tx) (err error) {
		var fresh bool
		if s, fresh, err = insert(tx, wanted); err != nil || !fresh {
			return err
		}
		return l.tell(tx, s)
	})
	if err != nil {
		return Shipment{}, fmt.Errorf("plan the shipment of order %s: %w", order, err)
	}
	return s, nil
}

// ErrTooLate is returned for a parcel that cannot be called back.
var ErrTooLate = shop.NewError(shop.Conflict, "order-not-cancellable", "the parcel is on its way already, or about to be")

// Recall calls a shipment back, unless the carrier may know of it.
func (l *Logistics) Recall(ctx context.Context, order shop.OrderID) (s Shipment, err error) {
	err = l.db.Write(ctx, func(tx *store.Tx) (err error) {
		s, err = find(tx.Locking(), "order_id = ?", order)
		switch {
		case err != nil || s.State == string(rules.Cancelled):
			return err
		case s.State != string(rules.Pending) || s.Claimed:
			return ErrTooLate
		}
		s = l.become(s, rules.Cancelled)
		if err := save(tx, s); err != nil {
			return err
		}
		return l.tell(tx, s)
	})
	if err != nil {
		return Shipment{}, fmt.Errorf("recall the shipment of order %s: %w", order, err)
	}
	return s, nil
}

// shipment returns one of the user's shipments.
func (l *Logistics) shipment(ctx context.Context, user shop.UserID, id shop.ShipmentID) (Shipment, error) {
	return find(l.db.Read(ctx), "id = ? AND user_id = ?", id, user)
}

// become returns the next version of a shipment, in another state.
func (l *Logistics) become(s Shipment, state rules.State) Shipment {
	s.State, s.Updated, s.Version = string(state), store.Micros(l.deps.Now()), s.Version+1
	return s
}
