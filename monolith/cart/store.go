package cart

import (
	"errors"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/wire"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	rules "figlab/shop/cart"
)

type row struct {
	UserID  string `gorm:"primaryKey"`
	Version int64
	Items   string
}

// TableName names the table.
func (row) TableName() string { return "cart_carts" }

// load reads a cart; a user without one has an empty one.
func load(q *gorm.DB, user shop.UserID) (c rules.Cart, err error) {
	var r row
	if err := q.Take(&r, "user_id = ?", user).Error; errors.Is(err, db.ErrNone) {
		return c, nil
	} else if err != nil {
		return c, fmt.Errorf("read cart: %w", err)
	}
	c.Version = r.Version
	return c, wire.Decode(r.Items, &c.Items)
}

func save(tx *db.Tx, user shop.UserID, c rules.Cart) error {
	if c.Items == nil {
		c.Items = []rules.Item{}
	}
	items, err := wire.Encode(c.Items)
	if err != nil {
		return err
	}
	r := row{UserID: string(user), Version: c.Version, Items: items}
	if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&r).Error; err != nil {
		return fmt.Errorf("save cart: %w", err)
	}
	return nil
}
