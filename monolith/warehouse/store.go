package warehouse

import (
	"context"
	"errors"
	"figlab/monolith/platform/db"
	"figlab/shop"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	catalog "figlab/shop/catalog"
	rules "figlab/shop/warehouse"
)

type row struct {
	ProductID string `gorm:"primaryKey"`
	Initial   int64
	OnHand    int64
	Reserved  int64
	Version   int64
}

// TableName names the table.
func (row) TableName() string { return "warehouse_stock" }

type moveRow struct {
	Seq       int64 `gorm:"primaryKey;autoIncrement"`
	ProductID string
	Kind      string
	Quantity  int64
	Cause     string
	At        int64
}

// TableName names the table.
func (moveRow) TableName() string { return "warehouse_moves" }

func (r row) stock() rules.Stock {
	return rules.Stock{OnHand: shop.Quantity(r.OnHand), Reserved: shop.Quantity(r.Reserved)}
}

// lock reads the rows of some products for a change, in product order, so that two orders cannot wait for each other.
func lock(tx *db.Tx, items []Item) (map[shop.ProductID]row, error) {
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = string(item.Product)
	}
	var rows []row
	if err := tx.Locking().Where("product_id IN ?", ids).Order("product_id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("lock stock: %w", err)
	}
	found := make(map[shop.ProductID]row, len(rows))
	for _, r := range rows {
		found[shop.ProductID(r.ProductID)] = r
	}
	return found, nil
}

// lockOrMake reads the row of one product for a change; a product that was never in stock gets its row now. Two at once make one row.
func lockOrMake(tx *db.Tx, p shop.ProductID) (row, error) {
	rows, err := lock(tx, []Item{{Product: p}})
	if r, ok := rows[p]; ok || err != nil {
		return r, err
	}
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row{ProductID: string(p)}).Error; err != nil {
		return row{}, fmt.Errorf("make stock: %w", err)
	}
	if rows, err = lock(tx, []Item{{Product: p}}); err != nil {
		return row{}, err
	}
	return rows[p], nil
}

// write stores the new numbers of several products in one statement, and the moves that led there in another.
func write(tx *db.Tx, changed []row, moves []moveRow) error {
	var onHand, reserved strings.Builder
	var a, b []any
	ids := make([]string, len(changed))
	for i, r := range changed {
		onHand.WriteString(" WHEN ? THEN ?")
		reserved.WriteString(" WHEN ? THEN ?")
		a, b = append(a, r.ProductID, r.OnHand), append(b, r.ProductID, r.Reserved)
		ids[i] = r.ProductID
	}
	updates := map[string]any{
		"on_hand":  gorm.Expr("CASE product_id"+onHand.String()+" ELSE on_hand END", a...),
		"reserved": gorm.Expr("CASE product_id"+reserved.String()+" ELSE reserved END", b...),
		"version":  gorm.Expr("version + 1"),
	}
	if err := tx.Model(&row{}).Where("product_id IN ?", ids).Updates(updates).Error; err != nil {
		return fmt.Errorf("write stock: %w", err)
	}
	if err := tx.Create(&moves).Error; err != nil {
		return fmt.Errorf("write stock moves: %w", err)
	}
	return nil
}

// moved returns what was moved before under a cause.
func moved(tx *db.Tx, p shop.ProductID, kind rules.Move, cause string) (shop.Quantity, bool, error) {
	var r moveRow
	err := tx.Take(&r, "product_id = ? AND kind = ? AND cause = ?", p, kind, cause).Error
	if errors.Is(err, db.ErrNone) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read stock move: %w", err)
	}
	return shop.Quantity(r.Quantity), true, nil
}

// Seed writes the stock of the seeded catalog.
func Seed(_ context.Context, tx *db.Tx, seed uint64, n int) error {
	rows := make([]row, n)
	for i := range n {
		q := int64(rules.SeedStock(seed, i))
		rows[i] = row{ProductID: string(catalog.SeedID(seed, i)), Initial: q, OnHand: q}
	}
	if err := tx.CreateInBatches(&rows, 500).Error; err != nil {
		return fmt.Errorf("seed the stock: %w", err)
	}
	return nil
}

func sorted(items []Item) []Item {
	return slices.SortedFunc(slices.Values(items), func(a, b Item) int { return strings.Compare(string(a.Product), string(b.Product)) })
}
