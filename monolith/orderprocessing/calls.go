package orderprocessing

import (
	"context"
	"figlab/monolith/payment"
	"figlab/monolith/platform/db"
	"figlab/monolith/warehouse"
	"figlab/shop"
	"iter"

	notices "figlab/shop/notification"
	ordering "figlab/shop/ordertaking"
)

// orders is the sibling that keeps the orders.
type orders interface {
	Load(tx *db.Tx, id shop.OrderID) (ordering.Order, error)
	Save(tx *db.Tx, o ordering.Order) error
	Owned(ctx context.Context, user shop.UserID, id shop.OrderID) (ordering.Order, error)
}

// stock is the sibling that counts pieces.
type stock interface {
	Reserve(tx *db.Tx, order shop.OrderID, items []warehouse.Item) error
	Commit(tx *db.Tx, order shop.OrderID, items []warehouse.Item) error
	Release(tx *db.Tx, order shop.OrderID, items []warehouse.Item) error
}

// payments is the sibling that handles money.
type payments interface {
	charges
	refunds
}

type charges interface {
	Intend(tx *db.Tx, order shop.OrderID, user shop.UserID, amount shop.Money, token string) (shop.PaymentID, error)
	Charge(ctx context.Context, id shop.PaymentID) (captured bool, err error)
	Settle(tx *db.Tx, id shop.PaymentID, captured bool) error
}

type refunds interface {
	IntendRefund(tx *db.Tx, id shop.PaymentID, amount shop.Money, key string) (refund string, err error)
	FinishRefund(ctx context.Context, refund string) error
	Open(ctx context.Context, before int64) iter.Seq2[payment.Unfinished, error]
}

// shipping is the sibling that sends parcels.
type shipping interface {
	Plan(tx *db.Tx, order shop.OrderID, user shop.UserID, service string, to shop.Address, weight shop.Grams) (shop.ShipmentID, error)
	Cancel(tx *db.Tx, order shop.OrderID) error
}

// messages is the sibling that tells shoppers.
type messages interface {
	Tell(tx *db.Tx, user shop.UserID, kind notices.Kind, cause string, order shop.OrderID, amount shop.Money) error
}

// suggestions is the sibling that learns what goes together.
type suggestions interface {
	Record(tx *db.Tx, user shop.UserID, products []shop.ProductID) error
}

// Siblings are whom this module calls.
type Siblings struct {
	Orders      orders
	Stock       stock
	Payments    payments
	Shipping    shipping
	Messages    messages
	Suggestions suggestions
}
