package ordertaking

import (
	"context"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/microservices/platform/inbox"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/microservices/platform/wire"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"

	rules "figlab/shop/ordertaking"
)

// This service tells of every order it has placed, and hears what becomes of it: the state of an order is order processing's, a copy of
// it is kept here for those who read orders.

// pending is the state of an order that was only placed.
const pending = shopapi.OrderStatePending

// placement is the event of a placed order, with what only those need who carry it on.
func placement(o rules.Order, forSale bool) (outbox.Change, error) {
	image, err := json.Marshal(toWire(o))
	if err != nil {
		return outbox.Change{}, fmt.Errorf("encode order %s: %w", o.ID, err)
	}
	return outbox.Change{
		Type: "order-placed", Schema: 2, Key: string(o.ID), Version: o.Version, User: string(o.User),
		Data: internalapi.PlacedOrder{
			Order: image, UserId: string(o.User), IdempotencyKey: o.Key, PaymentToken: o.Request.PaymentToken,
			ForSale: forSale, WeightGrams: int64(o.Weight),
		},
	}, nil
}

func (o *OrderTaking) heard() map[inbox.Kind]inbox.Handler {
	return map[inbox.Kind]inbox.Handler{{Capability: shop.OrderProcessing, Type: "order-changed", Schema: 1}: o.changed}
}

// changed takes over what became of an order, unless something newer is known.
func (o *OrderTaking) changed(_ context.Context, tx *store.Tx, e internalapi.Event) error {
	var w shopapi.Order
	if err := json.Unmarshal(e.Data, &w); err != nil || w.Id != e.Key {
		return inbox.Poison("event %s is not about order %s", e.Id, e.Key)
	}
	ok, err := update(tx, shop.OrderID(w.Id), string(w.State), string(wire.Or(w.Reason, "")),
		wire.Or(w.PaymentId, ""), wire.Or(w.ShipmentId, ""), e.Version, store.Micros(w.UpdatedAt))
	if err == nil && !ok {
		err = inbox.Poison("event %s is about order %s, which was not placed here", e.Id, e.Key)
	}
	return err
}

// audit reads the orders, and how many of them are still pending.
func (o *OrderTaking) audit(ctx context.Context, a *internalapi.Audit) error {
	return o.db.Snapshot(ctx, func(q *gorm.DB) error {
		var rows []row
		if err := q.Order("id").Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			placed, err := r.order()
			if err != nil {
				return err
			}
			if r.State == string(pending) {
				a.Work.OrdersPending++
			}
			a.Orders = append(a.Orders, audited(placed))
		}
		return nil
	})
}

func audited(o rules.Order) internalapi.AuditOrder {
	out := internalapi.AuditOrder{
		Id: string(o.ID), UserId: string(o.User), IdempotencyKey: o.Key, State: o.State, Reason: wire.Optional(o.Reason),
		Total: o.Total.Amount, Currency: string(o.Total.Currency), Lines: make([]internalapi.AuditOrderLine, len(o.Lines)),
	}
	for i, l := range o.Lines {
		out.Lines[i] = internalapi.AuditOrderLine{ProductId: string(l.Product), Quantity: int64(l.Quantity), UnitPrice: l.Price.Amount}
	}
	return out
}
