package cart

import (
	"context"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/microservices/platform/inbox"
	"figlab/microservices/platform/store"
	"figlab/shop"

	rules "figlab/shop/cart"
)

// This service tells nothing: nobody needs to know what is not bought yet. It hears of orders, for those whose call was lost.
func (s *Cart) events() map[inbox.Kind]inbox.Handler {
	return map[inbox.Kind]inbox.Handler{{Capability: shop.OrderTaking, Type: "order-placed", Schema: 2}: s.ordered}
}

// taken says whether order taking has had an order taken out already, as it nearly always has.
func (s *Cart) taken(ctx context.Context, e internalapi.Event) bool {
	known, err := wasTaken(s.db.Read(ctx), shop.OrderID(e.Key))
	return err == nil && known
}

// ordered takes out what was ordered, unless order taking has had that done already.
func (s *Cart) ordered(_ context.Context, tx *store.Tx, e internalapi.Event) error {
	var placed internalapi.PlacedOrder
	if err := json.Unmarshal(e.Data, &placed); err != nil {
		return inbox.Poison("placed order %s cannot be read: %w", e.Key, err)
	}
	var order shopapi.Order
	if err := json.Unmarshal(placed.Order, &order); err != nil {
		return inbox.Poison("placed order %s holds no order: %w", e.Key, err)
	}
	if order.Id != e.Key || shop.CheckID(placed.UserId) != nil || len(order.Lines) == 0 {
		return inbox.Poison("placed order %s is that of %q by %q with %d lines", e.Key, order.Id, placed.UserId, len(order.Lines))
	}
	lines := make([]rules.Item, len(order.Lines))
	for i, l := range order.Lines {
		if l.Quantity < 1 {
			return inbox.Poison("placed order %s: %d of %q", e.Key, l.Quantity, l.ProductId)
		}
		lines[i] = rules.Item{Product: shop.ProductID(l.ProductId), Quantity: shop.Quantity(l.Quantity)}
	}
	_, err := takeOut(tx, shop.UserID(placed.UserId), shop.OrderID(order.Id), lines)
	return err
}
