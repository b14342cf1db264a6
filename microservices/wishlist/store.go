package wishlist

import (
	"errors"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	rules "figlab/shop/wishlist"
)

type row struct {
	UserID    string `gorm:"primaryKey"`
	ProductID string `gorm:"primaryKey"`
	Added     int64
	Name      string
}

// TableName names the table.
func (row) TableName() string { return "wishlist_wishes" }

func (r row) wish() Wish {
	return Wish{rules.Wish{Product: shop.ProductID(r.ProductID), Added: store.Time(r.Added)}, r.Name}
}

// find reads one wish.
func find(q *gorm.DB, user shop.UserID, p shop.ProductID) (Wish, error) {
	var r row
	if err := q.Take(&r, "user_id = ? AND product_id = ?", user, p).Error; errors.Is(err, store.ErrNone) {
		return Wish{}, rules.ErrNotWished
	} else if err != nil {
		return Wish{}, fmt.Errorf("read wish: %w", err)
	}
	return r.wish(), nil
}

func load(q *gorm.DB, user shop.UserID) (wishes []Wish, err error) {
	var rows []row
	if err := q.Where("user_id = ?", user).Order("added, product_id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read wishlist: %w", err)
	}
	for _, r := range rows {
		wishes = append(wishes, r.wish())
	}
	return wishes, nil
}

// lock reads the wishes of a user who makes another one. They are read twice, since whoever held the lock may have added to them: the bound
// only matters where there are rows to lock.
func lock(tx *store.Tx, user shop.UserID) ([]Wish, error) {
	if _, err := load(tx.Locking(), user); err != nil {
		return nil, err
	}
	return load(tx.DB, user)
}

// add writes a wish, unless there is one for the product: a replica may have been faster.
func add(tx *store.Tx, user shop.UserID, w Wish) error {
	r := row{UserID: string(user), ProductID: string(w.Product), Added: store.Micros(w.Added), Name: w.Name}
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&r).Error; err != nil {
		return fmt.Errorf("add wish: %w", err)
	}
	return nil
}

func remove(tx *store.Tx, user shop.UserID, p shop.ProductID) error {
	if err := tx.Delete(&row{}, "user_id = ? AND product_id = ?", user, p).Error; err != nil {
		return fmt.Errorf("remove wish: %w", err)
	}
	return nil
}

// fulfil removes a wish, but not a later one for the same product.
func fulfil(tx *store.Tx, user shop.UserID, w Wish) error {
	at := store.Micros(w.Added)
	if err := tx.Delete(&row{}, "user_id = ? AND product_id = ? AND added = ?", user, w.Product, at).Error; err != nil {
		return fmt.Errorf("remove wish: %w", err)
	}
	return nil
}

// rename writes the names that products have now.
func rename(tx *store.Tx, user shop.UserID, renamed []Wish) error {
	for _, w := range renamed {
		done := tx.Model(&row{}).Where("user_id = ? AND product_id = ?", user, w.Product).Update("name", w.Name)
		if done.Error != nil {
			return fmt.Errorf("rename wish: %w", done.Error)
		}
	}
	return nil
}
