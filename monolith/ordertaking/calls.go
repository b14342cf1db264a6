package ordertaking

import (
	"context"
	"figlab/monolith/platform/db"
	"figlab/shop"

	carts "figlab/shop/cart"
	catalog "figlab/shop/catalog"
	processed "figlab/shop/orderprocessing"
	rules "figlab/shop/ordertaking"
)

// cart is the sibling that holds what is to be bought.
type cart interface {
	Contents(tx *db.Tx, user shop.UserID) (carts.Cart, error)
	Empty(tx *db.Tx, user shop.UserID, c carts.Cart) error
}

// products is the sibling that knows names, prices and weights.
type products interface {
	Lookup(ctx context.Context, tx *db.Tx, ids []shop.ProductID) (map[shop.ProductID]catalog.Product, error)
}

// rates is the sibling that knows what shipping costs.
type rates interface {
	Rate(country string, weight shop.Grams, service string) (shop.Money, error)
}

// processing is the sibling that carries an order on.
type processing interface {
	Accept(tx *db.Tx, o rules.Order, forSale bool) (accepted rules.Order, refused processed.Reason, err error)
	Reject(tx *db.Tx, o rules.Order, why processed.Reason) (rules.Order, error)
	Settle(ctx context.Context, id shop.OrderID, payment shop.PaymentID) (rules.Order, error)
}

// Siblings are whom this module calls.
type Siblings struct {
	Cart       cart
	Products   products
	Rates      rates
	Processing processing
}
