package orderprocessing

import (
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/microservices/orderprocessing/saga"
	"figlab/microservices/platform/wire"
	"figlab/shop"
	"fmt"
	"time"

	rules "figlab/shop/orderprocessing"
)

// An Order as it was placed, and how far it has come.
type Order struct {
	ID     shop.OrderID
	Placed internalapi.PlacedOrder
	State  saga.State
	Last   rules.Event // what was told last

	image shopapi.Order // as it was placed
}

// newOrder reads what was told of a new order.
func newOrder(p internalapi.PlacedOrder) (o Order, err error) {
	o.Placed = p
	if err := wire.Decode(string(p.Order), &o.image); err != nil {
		return o, err
	}
	o.ID = shop.OrderID(o.image.Id)
	for _, id := range []string{o.image.Id, p.UserId} {
		if err := shop.CheckID(id); err != nil {
			return o, fmt.Errorf("order %q of %q: %w", o.image.Id, p.UserId, err)
		}
	}
	if len(o.image.Lines) == 0 {
		return o, fmt.Errorf("order %s has no lines", o.ID)
	}
	o.Last = rules.Start(o.image.CreatedAt)
	return o, nil
}

// Wire is the order as the shopper sees it when it was told.
func (o Order) Wire() shopapi.Order {
	w := o.image
	w.State, w.Version, w.UpdatedAt = shopapi.OrderState(o.Last.State), o.Last.Sequence, o.Last.At
	w.PaymentId, w.ShipmentId = wire.Optional(string(o.State.Payment)), wire.Optional(string(o.State.Shipment))
	w.Reason = wire.Optional(shopapi.OrderReason(o.State.Reason))
	return w
}

// A turn is what follows when an order hears of something.
type turn struct {
	after   Order
	told    []Order // one for each event the shopper sees
	effects []saga.Effect
}

// hear returns what follows an event. Where nothing does the version stays.
func (o Order) hear(e saga.Event, at time.Time) (turn, error) {
	next, effects := saga.Step(o.State, e)
	return o.become(next, effects, at)
}

func (o Order) become(next saga.State, effects []saga.Effect, at time.Time) (t turn, err error) {
	t = turn{after: o, effects: effects}
	t.after.State = next
	for _, e := range effects {
		tell, ok := e.(saga.Tell)
		if !ok {
			continue
		}
		if t.after.Last, err = rules.Step(t.after.Last, tell.State, string(tell.Reason), at); err != nil {
			return t, fmt.Errorf("order %s: %w", o.ID, err)
		}
		t.told = append(t.told, t.after)
	}
	return t, nil
}

// asked returns the operation that effects ask for, if they do.
func asked(effects []saga.Effect) (saga.Op, bool) {
	for _, e := range effects {
		if c, ok := e.(saga.Call); ok {
			return c.Op, true
		}
	}
	return "", false
}
