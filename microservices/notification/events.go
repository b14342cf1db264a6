package notification

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

	rules "figlab/shop/notification"
)

// This service hears what becomes of orders and refunds, and tells that a message was sent. Each state of an order is a message of its own,
// so the order in which events come makes no difference: a late one is news that was not told yet.

func (n *Notification) subscription() inbox.Subscription {
	return inbox.Subscription{Durable: string(shop.Notification), Idempotent: true, Events: map[inbox.Kind]inbox.Handler{
		{Capability: shop.OrderProcessing, Type: "order-changed", Schema: 1}: n.orderChanged,
		{Capability: shop.Payment, Type: "payment-refunded", Schema: 1}:      n.paymentRefunded,
	}}
}

// orderChanged tells the shopper what became of the order.
func (n *Notification) orderChanged(_ context.Context, tx *store.Tx, e internalapi.Event) error {
	var o shopapi.Order
	if err := json.Unmarshal(e.Data, &o); err != nil {
		return inbox.Poison("its data is not an order: %w", err)
	}
	if o.Id != e.Key {
		return inbox.Poison("order %q under the key %q", o.Id, e.Key)
	}
	kind, err := kindOf(o.State)
	if err != nil || kind == "" {
		return err
	}
	total := shop.Money{Amount: o.Total.Amount, Currency: shop.Currency(o.Total.Currency)}
	return n.tell(tx, wire.Or(e.UserId, ""), kind, o.Id, shop.OrderID(o.Id), total)
}

// kindOf is the message about a state; "" where there is nothing to say yet.
func kindOf(state shopapi.OrderState) (rules.Kind, error) {
	switch state {
	case shopapi.OrderStatePending:
		return "", nil
	case shopapi.OrderStateConfirmed:
		return rules.OrderConfirmed, nil
	case shopapi.OrderStateRejected:
		return rules.OrderRejected, nil
	case shopapi.OrderStateShipped:
		return rules.OrderShipped, nil
	case shopapi.OrderStateDelivered:
		return rules.OrderDelivered, nil
	case shopapi.OrderStateCancelled:
		return rules.OrderCancelled, nil
	default:
		return "", inbox.Poison("an order that is %q", state)
	}
}

// paymentRefunded tells the shopper that money comes back.
func (n *Notification) paymentRefunded(_ context.Context, tx *store.Tx, e internalapi.Event) error {
	var r internalapi.BookedRefund
	if err := json.Unmarshal(e.Data, &r); err != nil {
		return inbox.Poison("its data is not a refund: %w", err)
	}
	amount := shop.Money{Amount: r.Amount, Currency: shop.Currency(r.Currency)}
	return n.tell(tx, wire.Or(e.UserId, ""), rules.PaymentRefunded, r.RefundId, shop.OrderID(r.OrderId), amount)
}

// sent is the event of a message.
func sent(r row) outbox.Change {
	return outbox.Change{Type: "notification-sent", Key: r.ID, Version: 1, User: r.UserID, Data: toWire(r)}
}
