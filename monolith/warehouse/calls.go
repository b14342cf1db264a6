package warehouse

import (
	"context"
	"figlab/monolith/platform/db"
	"figlab/shop"

	catalog "figlab/shop/catalog"
	ranking "figlab/shop/recommendation"
)

// Stock is moved by order processing, inside its own transactions: for that this module asks nobody.

// products is the sibling that knows whether a product exists that has never been in stock, and what a page shows of it.
type products interface {
	Product(ctx context.Context, id shop.ProductID) (catalog.Product, error)
	Lookup(ctx context.Context, tx *db.Tx, ids []shop.ProductID) (map[shop.ProductID]catalog.Product, error)
}

// suggestions is the sibling that knows what goes with a product.
type suggestions interface {
	For(ctx context.Context, user shop.UserID, product shop.ProductID, limit int) ([]ranking.Suggestion, error)
}
