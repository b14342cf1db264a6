package catalog

import (
	"figlab/monolith/platform/db"
	rules "figlab/shop/catalog"
)

// index is the sibling that makes products findable, in the same transaction.
type index interface {
	Index(tx *db.Tx, products ...rules.Product) error
}
