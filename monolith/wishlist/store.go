package wishlist

import (
	"figlab/monolith/platform/db"
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
}

// TableName names the table.
func (row) TableName() string { return "wishlist_wishes" }

func load(q *gorm.DB, user shop.UserID) (wishes []rules.Wish, err error) {
	var rows []row
	if err := q.Where("user_id = ?", user).Order("added, product_id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read wishlist: %w", err)
	}
	for _, r := range rows {
		wishes = append(wishes, rules.Wish{Product: shop.ProductID(r.ProductID), Added: db.Time(r.Added)})
	}
	return wishes, nil
}

func add(tx *db.Tx, user shop.UserID, w rules.Wish) error {
	r := row{UserID: string(user), ProductID: string(w.Product), Added: db.Micros(w.Added)}
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&r).Error; err != nil {
		return fmt.Errorf("add wish: %w", err)
	}
	return nil
}

func remove(tx *db.Tx, user shop.UserID, p shop.ProductID) error {
	if err := tx.Delete(&row{}, "user_id = ? AND product_id = ?", user, p).Error; err != nil {
		return fmt.Errorf("remove wish: %w", err)
	}
	return nil
}
