package cart

import (
	"errors"
	"figlab/microservices/platform/store"
	"figlab/microservices/platform/wire"
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

// item is one of a row's items, with its product as last seen.
type item struct {
	rules.Item
	Name  string
	Price shop.Money
}

// find reads a cart. A user without one has an empty one.
func find(q *gorm.DB, user shop.UserID) (c kept, there bool, err error) {
	var r row
	if err := q.Take(&r, "user_id = ?", user).Error; errors.Is(err, store.ErrNone) {
		return kept{}, false, nil
	} else if err != nil {
		return kept{}, false, fmt.Errorf("read cart: %w", err)
	}
	var items []item
	if err := wire.Decode(r.Items, &items); err != nil {
		return kept{}, false, fmt.Errorf("read cart: %w", err)
	}
	c = kept{rules.Cart{Version: r.Version}, make(map[shop.ProductID]product, len(items))}
	for _, i := range items {
		c.Items = append(c.Items, i.Item)
		c.seen[i.Product] = product{Name: i.Name, Price: i.Price}
	}
	return c, true, nil
}

// lock reads a cart that is going to change. One that was never there is made first: what does not exist cannot be locked, and of two
// first changes at once one would be lost.
func lock(tx *store.Tx, user shop.UserID) (kept, error) {
	c, there, err := find(tx.Locking(), user)
	if err != nil || there {
		return c, err
	}
	blank := row{UserID: string(user), Items: "[]"}
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&blank).Error; err != nil {
		return kept{}, fmt.Errorf("make cart: %w", err)
	}
	c, _, err = find(tx.Locking(), user)
	return c, err
}

func (c kept) encode() (string, error) {
	items := make([]item, len(c.Items))
	for i, one := range c.Items {
		p := c.seen[one.Product]
		items[i] = item{one, p.Name, p.Price}
	}
	return wire.Encode(items)
}

// save writes a cart that was locked.
func save(tx *store.Tx, user shop.UserID, c kept) error {
	items, err := c.encode()
	if err != nil {
		return err
	}
	r := row{UserID: string(user), Version: c.Version, Items: items}
	if err := tx.Save(&r).Error; err != nil {
		return fmt.Errorf("save cart: %w", err)
	}
	return nil
}

// sight writes what was seen about the products of a cart, unless the cart has changed since it was read.
func sight(user shop.UserID, c kept) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		items, err := c.encode()
		if err != nil {
			return err
		}
		return tx.Model(&row{}).Where("user_id = ? AND version = ?", user, c.Version).Update("items", items).Error
	}
}

// An addition is something that was put in under a key.
type addition struct {
	UserID      string `gorm:"primaryKey"`
	AdditionKey string `gorm:"primaryKey"`
	ProductID   string
}

// TableName names the table.
func (addition) TableName() string { return "cart_additions" }

// done says whether the key was used before. It fails when that was for another product.
func (a addition) done(q *gorm.DB) (bool, error) {
	var before addition
	err := q.Take(&before, "user_id = ? AND addition_key = ?", a.UserID, a.AdditionKey).Error
	switch {
	case errors.Is(err, store.ErrNone):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look for the key of an addition: %w", err)
	case before != a:
		return false, shop.ErrKeyReused
	}
	return true, nil
}

// note takes the key, and says whether it was free.
func (a addition) note(tx *store.Tx) (first bool, err error) {
	noted := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&a)
	if noted.Error != nil {
		return false, fmt.Errorf("note an addition: %w", noted.Error)
	}
	if noted.RowsAffected == 1 {
		return true, nil
	}
	_, err = a.done(tx.DB)
	return false, err
}

type order struct {
	OrderID string `gorm:"primaryKey"`
	UserID  string
}

// TableName names the table.
func (order) TableName() string { return "cart_orders" }

// wasTaken says whether an order was taken out of its cart.
func wasTaken(q *gorm.DB, o shop.OrderID) (bool, error) {
	var n int64
	if err := q.Model(&order{}).Where("order_id = ?", o).Count(&n).Error; err != nil {
		return false, fmt.Errorf("look for order %s: %w", o, err)
	}
	return n > 0, nil
}

// noteOrder notes that what was ordered is taken out, and says whether that is new.
func noteOrder(tx *store.Tx, user shop.UserID, o shop.OrderID) (first bool, err error) {
	noted := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&order{string(o), string(user)})
	if noted.Error != nil {
		return false, fmt.Errorf("note an order: %w", noted.Error)
	}
	return noted.RowsAffected == 1, nil
}
