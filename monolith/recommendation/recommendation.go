package recommendation

import (
	"context"
	"figlab/monolith/platform/db"
	"figlab/shop"
	"fmt"
	"slices"

	"gorm.io/gorm"

	rules "figlab/shop/recommendation"
)

// A Module of the monolith.
type Module struct{ db *db.DB }

// New returns the module.
func New(d *db.DB) *Module { return &Module{d} }

// For returns suggestions: what was bought together with a product (if given), then what goes with the user's own purchases (if signed
// in), then what is popular. Nobody is shown the product they are looking at.
func (m *Module) For(ctx context.Context, user shop.UserID, product shop.ProductID, limit int) ([]rules.Suggestion, error) {
	q := m.db.Read(ctx)
	var found []rules.Suggestion
	if product != "" {
		together, err := suggest(q, rules.BoughtTogether,
			`SELECT other_id AS product, count AS score FROM recommendation_pairs
WHERE product_id = ? ORDER BY count DESC, other_id LIMIT ?`,
			product, limit)
		if err != nil {
			return nil, err
		}
		found = append(found, together...)
	}
	if user != "" {
		own, err := suggest(q, rules.OwnHistory,
			`SELECT p.other_id AS product, sum(p.count) AS score FROM recommendation_bought b
JOIN recommendation_pairs p ON p.product_id = b.product_id WHERE b.user_id = ?
GROUP BY p.other_id ORDER BY score DESC, p.other_id LIMIT ?`, user, limit)
		if err != nil {
			return nil, err
		}
		found = append(found, own...)
	}
	popular, err := suggest(q, rules.Popular,
		`SELECT product_id AS product, count AS score FROM recommendation_popular ORDER BY count DESC, product_id LIMIT ?`, limit+1)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(append(found, popular...), func(s rules.Suggestion) bool { return s.Product == product })
	return rules.Rank(found, limit), nil
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

func distinct(products []shop.ProductID) []shop.ProductID {
	return slices.Compact(slices.Sorted(slices.Values(products)))
}
