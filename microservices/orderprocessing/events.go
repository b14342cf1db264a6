package orderprocessing

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/microservices/orderprocessing/saga"
	"figlab/microservices/platform/inbox"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
	"time"
)

// This service hears that an order was placed and what becomes of its parcel, and tells each state of the order that the shopper sees. A
// handler takes an event into the order's state; the calls that follow are made after the commit.

func (p *Processing) subscription() inbox.Subscription {
	away := inbox.SkipUnless(string(shopapi.ShipmentStateBooked), string(shopapi.ShipmentStateDelivered))
	return inbox.Subscription{
		Durable: string(shop.OrderProcessing), Idempotent: true,
		Skip: func(ctx context.Context, e internalapi.Event) bool { // that a parcel is planned or recalled was our own doing
			return e.Type == "shipment-changed" && away(ctx, e)
		},
		Events: map[inbox.Kind]inbox.Handler{
			{Capability: shop.OrderTaking, Type: "order-placed", Schema: 2}:   p.orderPlaced,
			{Capability: shop.Logistics, Type: "shipment-changed", Schema: 1}: p.shipmentChanged,
		},
	}
}

// reserveWithin is how long after it was heard of an order may take to be reserved.
const reserveWithin = 30 * time.Second

// orderPlaced takes a new order in. One that is here already is not new.
func (p *Processing) orderPlaced(_ context.Context, tx *store.Tx, e internalapi.Event) error {
	var placed internalapi.PlacedOrder
	if err := json.Unmarshal(e.Data, &placed); err != nil {
		return inbox.Poison("its data is not a placed order: %w", err)
	}
	o, err := newOrder(placed)
	if err != nil {
		return inbox.Poison("it cannot be carried out: %w", err)
	}
	if string(o.ID) != e.Key {
		return inbox.Poison("order %s under the key %q", o.ID, e.Key)
	}
	now, first := p.now(), o.Last
	state, effects := saga.Start(saga.Placed{ForSale: placed.ForSale, At: now, Deadline: now.Add(reserveWithin)})
	t, err := o.become(state, effects, now)
	if err != nil {
		return err
	}
	if fresh, err := insert(tx, t.after); err != nil || !fresh {
		return err
	}
	if err := insertEvents(tx, o.ID, first); err != nil {
		return err
	}
	p.carryAfter(tx, t)
	return p.tell(tx, t.told)
}

// shipmentChanged takes news of a parcel into its order.
func (p *Processing) shipmentChanged(_ context.Context, tx *store.Tx, e internalapi.Event) error {
	var s shopapi.Shipment
	if err := json.Unmarshal(e.Data, &s); err != nil {
		return inbox.Poison("its data is not a shipment: %w", err)
	}
	now := p.now()
	var news saga.Event
	switch s.State {
	case shopapi.ShipmentStateBooked:
		news = saga.ParcelBooked{At: now}
	case shopapi.ShipmentStateDelivered:
		news = saga.ParcelDelivered{At: now}
	default: // that it is planned or recalled was our own doing
		return nil
	}
	o, err := find(tx.Locking(), shop.OrderID(s.OrderId))
	if errors.Is(err, store.ErrNone) { // parcels are for orders that stand here: it comes again, and then lies with the dead letters
		return fmt.Errorf("shipment %s is for an order that nobody knows: %w", s.Id, err)
	}
	if err != nil {
		return err
	}
	t, err := o.hear(news, now)
	if err != nil || t.after.State.Version == o.State.Version {
		return err
	}
	p.carryAfter(tx, t)
	return p.save(tx, o, t)
}

// carryAfter has the call that follows a turn made once the turn is written.
func (p *Processing) carryAfter(tx *store.Tx, t turn) {
	if _, ok := asked(t.effects); ok {
		tx.AfterCommit(func() { p.desk.put(t.after.ID) })
	}
}

// save writes a turn: the state, the events, and what is told of them.
func (p *Processing) save(tx *store.Tx, before Order, t turn) error {
	if err := update(tx, before.State.Version, t.after); err != nil {
		return err
	}
	return p.tell(tx, t.told)
}

// tell writes events of one order and tells of them.
func (p *Processing) tell(tx *store.Tx, told []Order) error {
	if len(told) == 0 {
		return nil
	}
	changes := make([]outbox.Change, len(told))
	for i, o := range told {
		if err := insertEvents(tx, o.ID, o.Last); err != nil {
			return err
		}
		changes[i] = outbox.Change{
			Type: "order-changed", Key: string(o.ID), Version: o.Last.Sequence, User: o.Placed.UserId, Data: o.Wire(),
		}
	}
	return p.out.Append(tx, changes...)
}
