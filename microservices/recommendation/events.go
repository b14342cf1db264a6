package recommendation

import (
	"context"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/microservices/platform/inbox"
	"figlab/microservices/platform/store"
	"figlab/microservices/platform/wire"
	"figlab/shop"
)

// This service hears of orders that are confirmed, and tells nothing: a suggestion is nobody's fact.

func (r *Recommendation) subscription() inbox.Subscription {
	return inbox.Subscription{
		Durable: string(shop.Recommendation), Skip: inbox.SkipUnless(string(shopapi.OrderStateConfirmed)),
		Events: map[inbox.Kind]inbox.Handler{
			{Capability: shop.OrderProcessing, Type: "order-changed", Schema: 1}: r.orderChanged,
		},
	}
}

// orderChanged counts an order that is confirmed. Its other states say nothing about what was wanted: one that is shipped was confirmed
// before, and one that is cancelled afterwards was wanted nevertheless, as next door.
func (r *Recommendation) orderChanged(_ context.Context, tx *store.Tx, e internalapi.Event) error {
	var o shopapi.Order
	if err := json.Unmarshal(e.Data, &o); err != nil {
		return inbox.Poison("its data is not an order: %w", err)
	}
	if o.Id != e.Key {
		return inbox.Poison("order %q under the key %q", o.Id, e.Key)
	}
	if o.State != shopapi.OrderStateConfirmed {
		return nil
	}
	user := wire.Or(e.UserId, "")
	if shop.CheckID(user) != nil || len(o.Lines) == 0 {
		return inbox.Poison("confirmed order %s is of %q and has %d lines", o.Id, user, len(o.Lines))
	}
	products := make([]shop.ProductID, len(o.Lines))
	for i, l := range o.Lines {
		if shop.CheckID(l.ProductId) != nil {
			return inbox.Poison("confirmed order %s: product %q", o.Id, l.ProductId)
		}
		products[i] = shop.ProductID(l.ProductId)
	}
	return count(tx, shop.OrderID(o.Id), shop.UserID(user), products)
}
