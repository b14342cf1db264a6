package cart

import (
	"context"
	"figlab/monolith/platform/db"
	"figlab/shop"

	catalog "figlab/shop/catalog"
)

// products is the sibling that knows names and prices.
type products interface {
	Lookup(ctx context.Context, tx *db.Tx, ids []shop.ProductID) (map[shop.ProductID]catalog.Product, error)
}
