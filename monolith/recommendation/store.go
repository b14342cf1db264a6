package recommendation

import (
	"figlab/monolith/platform/db"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	rules "figlab/shop/recommendation"
)

type pairRow struct {
	ProductID string `gorm:"primaryKey"`
	OtherID   string `gorm:"primaryKey"`
	Count     int64
}

// TableName names the table.
func (pairRow) TableName() string { return "recommendation_pairs" }

type boughtRow struct {
	UserID    string `gorm:"primaryKey"`
	ProductID string `gorm:"primaryKey"`
	Count     int64
}

// TableName names the table.
func (boughtRow) TableName() string { return "recommendation_bought" }

type popularRow struct {
	ProductID string `gorm:"primaryKey"`
	Count     int64
}

// TableName names the table.
func (popularRow) TableName() string { return "recommendation_popular" }

// counting adds to the count of a row that is already there.
func counting(table string, columns ...string) clause.OnConflict {
	c := clause.OnConflict{DoUpdates: clause.Assignments(map[string]any{"count": gorm.Expr(table + ".count + excluded.count")})}
	for _, name := range columns {
		c.Columns = append(c.Columns, clause.Column{Name: name})
	}
	return c
}

// Record counts an order's products, in the caller's transaction: one statement per table. Rows come in key order, so that two orders
// of the same products cannot lock each other out.
func (m *Module) Record(tx *db.Tx, user shop.UserID, products []shop.ProductID) error {
	var bought []boughtRow
	var popular []popularRow
	for _, p := range distinct(products) {
		bought = append(bought, boughtRow{string(user), string(p), 1})
		popular = append(popular, popularRow{string(p), 1})
	}
	if err := tx.Clauses(counting("recommendation_bought", "user_id", "product_id")).Create(&bought).Error; err != nil {
		return fmt.Errorf("count what was bought: %w", err)
	}
	if err := tx.Clauses(counting("recommendation_popular", "product_id")).Create(&popular).Error; err != nil {
		return fmt.Errorf("count what is popular: %w", err)
	}
	var pairs []pairRow
	for _, p := range rules.Pairs(products) {
		pairs = append(pairs, pairRow{string(p.A), string(p.B), 1})
	}
	if len(pairs) == 0 {
		return nil
	}
	if err := tx.Clauses(counting("recommendation_pairs", "product_id", "other_id")).Create(&pairs).Error; err != nil {
		return fmt.Errorf("count what goes together: %w", err)
	}
	return nil
}
