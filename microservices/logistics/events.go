package logistics

import (
	"context"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/microservices/platform/inbox"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
)

func (l *Logistics) subscription() inbox.Subscription {
	return inbox.Subscription{
		Durable: string(shop.Logistics), Idempotent: true, Skip: inbox.SkipUnless(string(shopapi.OrderStateConfirmed)),
		Events: map[inbox.Kind]inbox.Handler{
			{Capability: shop.OrderProcessing, Type: "order-changed", Schema: 1}: l.orderChanged,
		},
	}
}

// orderChanged hears that an order is confirmed: from now on the time runs that its shopper has to cancel. Said a second time, or after
// the shipment was recalled, it changes nothing.
func (l *Logistics) orderChanged(_ context.Context, tx *store.Tx, e internalapi.Event) error {
	var o shopapi.Order
	if err := json.Unmarshal(e.Data, &o); err != nil {
		return inbox.Poison("its data is not an order: %w", err)
	}
	if o.State != shopapi.OrderStateConfirmed {
		return nil
	}
	fresh, err := setDue(tx, shop.OrderID(e.Key), store.Micros(l.deps.Now().Add(l.delay)))
	if err != nil {
		return err
	}
	if fresh {
		tx.AfterCommit(l.wake)
		return nil
	}
	// An order is confirmed after its shipment was planned. Where there is none something is wrong: the event comes again, and then lies
	// with the dead letters for somebody to look at.
	if _, err := find(tx.DB, "order_id = ?", e.Key); err != nil {
		return fmt.Errorf("order %s is confirmed: %w", e.Key, err)
	}
	return nil
}

// tell tells how shipments are now.
func (l *Logistics) tell(tx *store.Tx, shipments ...Shipment) error {
	changes := make([]outbox.Change, len(shipments))
	for i, s := range shipments {
		data, err := toWire(s)
		if err != nil {
			return err
		}
		changes[i] = outbox.Change{Type: "shipment-changed", Key: s.ID, Version: s.Version, User: s.UserID, Data: data}
	}
	return l.out.Append(tx, changes...)
}

func (l *Logistics) wake() {
	select {
	case l.planned <- struct{}{}:
	default: // it is about to look anyway
	}
}
