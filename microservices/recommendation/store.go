package recommendation

import (
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
	"slices"

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

type orderRow struct {
	OrderID string `gorm:"primaryKey"`
}

// TableName names the table.
func (orderRow) TableName() string { return "recommendation_orders" }

type turn struct {
	ID int `gorm:"primaryKey"`
}

// TableName names the table.
func (turn) TableName() string { return "recommendation_turn" }

// counting adds to the count of a row that is already there.
func counting(table string, columns ...string) clause.OnConflict {
	c := clause.OnConflict{DoUpdates: clause.Assignments(map[string]any{"count": gorm.Expr(table + ".count + excluded.count")})}
	for _, name := range columns {
		c.Columns = append(c.Columns, clause.Column{Name: name})
	}
	return c
}

// count counts an order's products, unless the order was counted before: one statement per table, since whoever counts keeps the others
// waiting.
func count(tx *store.Tx, order shop.OrderID, user shop.UserID, products []shop.ProductID) error {
	if err := tx.Locking().Take(&turn{}).Error; err != nil {
		return fmt.Errorf("wait for a turn to count: %w", err)
	}
	noted := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&orderRow{string(order)})
	if noted.Error != nil {
		return fmt.Errorf("note what is counted: %w", noted.Error)
	}
	if noted.RowsAffected == 0 {
		return nil
	}
	var bought []boughtRow
	var popular []popularRow
	for _, p := range slices.Compact(slices.Sorted(slices.Values(products))) {
		bought = append(bought, boughtRow{string(user), string(p), 1})
		popular = append(popular, popularRow{string(p), 1})
	}
	var pairs []pairRow
	for _, p := range rules.Pairs(products) {
		pairs = append(pairs, pairRow{string(p.A), string(p.B), 1})
	}
	if err := tx.Clauses(counting("recommendation_bought", "user_id", "product_id")).Create(&bought).Error; err != nil {
		return fmt.Errorf("count what was bought: %w", err)
	}
	if err := tx.Clauses(counting("recommendation_popular", "product_id")).Create(&popular).Error; err != nil {
		return fmt.Errorf("count what is popular: %w", err)
	}
	if len(pairs) == 0 {
		return nil
	}
	if err := tx.Clauses(counting("recommendation_pairs", "product_id", "other_id")).Create(&pairs).Error; err != nil {
		return fmt.Errorf("count what goes together: %w", err)
	}
	return nil
}

// together reads what was bought with a product.
func together(q *gorm.DB, product shop.ProductID, limit int) ([]rules.Suggestion, error) {
	return suggest(q, rules.BoughtTogether, `SELECT other_id AS product, count AS score FROM recommendation_pairs
WHERE product_id = ? ORDER BY count DESC, other_id LIMIT ?`, product, limit)
}

// history reads what goes with what a user has bought.
func history(q *gorm.DB, user shop.UserID, limit int) ([]rules.Suggestion, error) {
	return suggest(q, rules.OwnHistory, `SELECT p.other_id AS product, sum(p.count) AS score FROM recommendation_bought b
JOIN recommendation_pairs p ON p.product_id = b.product_id WHERE b.user_id = ?
GROUP BY p.other_id ORDER BY score DESC, p.other_id LIMIT ?`, user, limit)
}

// popular reads what is bought most.
func popular(q *gorm.DB, limit int) ([]rules.Suggestion, error) {
	return suggest(q, rules.Popular,
		`SELECT product_id AS product, count AS score FROM recommendation_popular ORDER BY count DESC, product_id LIMIT ?`, limit)
}

func suggest(q *gorm.DB, why rules.Reason, sql string, args ...any) ([]rules.Suggestion, error) {
	var found []rules.Suggestion
	if err := q.Raw(sql, args...).Scan(&found).Error; err != nil {
		return nil, fmt.Errorf("recommend (%s): %w", why, err)
	}
	for i := range found {
		found[i].Reason = why
	}
	return found, nil
}
