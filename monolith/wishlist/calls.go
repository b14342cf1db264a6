package wishlist

import (
	"context"
	"figlab/monolith/cart"
	"figlab/monolith/platform/db"
	"figlab/shop"

	catalog "figlab/shop/catalog"
)

// products is the sibling that knows names.
type products interface {
	Lookup(ctx context.Context, tx *db.Tx, ids []shop.ProductID) (map[shop.ProductID]catalog.Product, error)
}

// carts is the sibling that takes a wish that is to be bought.
type carts interface {
	Add(ctx context.Context, tx *db.Tx, user shop.UserID, p shop.ProductID) (cart.View, error)
}
