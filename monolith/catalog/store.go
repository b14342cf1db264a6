package catalog

import (
	"context"
	"errors"
	"figlab/monolith/platform/db"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"

	rules "figlab/shop/catalog"
)

type row struct {
	ID          string `gorm:"primaryKey"`
	SKU         string `gorm:"column:sku"`
	Name        string
	Description string
	Category    string
	Price       int64
	Currency    string
	Weight      int64
	OnSale      bool
	Version     int64
	Created     int64
	Updated     int64
}

// TableName names the table.
func (row) TableName() string { return "catalog_products" }

func toRow(p rules.Product) row {
	return row{
		ID: string(p.ID), SKU: p.SKU, Name: p.Name, Description: p.Description, Category: p.Category,
		Price: p.Price.Amount, Currency: string(p.Price.Currency), Weight: int64(p.Weight),
		OnSale: p.OnSale, Version: p.Version, Created: db.Micros(p.Created), Updated: db.Micros(p.Updated),
	}
}

func (r row) product() rules.Product {
	return rules.Product{
		ID: shop.ProductID(r.ID), SKU: r.SKU, Name: r.Name, Description: r.Description, Category: r.Category,
		Price: shop.Money{Amount: r.Price, Currency: shop.Currency(r.Currency)}, Weight: shop.Grams(r.Weight),
		OnSale: r.OnSale, Version: r.Version, Created: db.Time(r.Created), Updated: db.Time(r.Updated),
	}
}

func products(rows []row) []rules.Product {
	out := make([]rules.Product, len(rows))
	for i, r := range rows {
		out[i] = r.product()
	}
	return out
}

// find reads one product.
func find(q *gorm.DB, id shop.ProductID) (rules.Product, error) {
	var r row
	if err := q.Take(&r, "id = ?", id).Error; errors.Is(err, db.ErrNone) {
		return rules.Product{}, rules.ErrNotFound
	} else if err != nil {
		return rules.Product{}, fmt.Errorf("read product %s: %w", id, err)
	}
	return r.product(), nil
}

// page reads products on sale in id order, and the cursor of the next page.
func page(q *gorm.DB, category string, after shop.ProductID, limit int) ([]rules.Product, string, error) {
	q = q.Where("on_sale")
	if category != "" {
		q = q.Where("category = ?", category)
	}
	cursor := func(r row) string { return rules.Cursor(shop.ProductID(r.ID)) }
	rows, next, err := db.ReadPage(q, db.Page{After: string(after), Limit: limit}, cursor)
	if err != nil {
		return nil, "", fmt.Errorf("list products: %w", err)
	}
	return products(rows), next, nil
}

// chunk reads all products in id order, those off sale too: it is what is copied.
func chunk(q *gorm.DB, after shop.ProductID, limit int) ([]rules.Product, error) {
	var rows []row
	if err := q.Where("id > ?", after).Order("id").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read products: %w", err)
	}
	return products(rows), nil
}

// Seed writes the seeded catalog and its search index.
func (m *Module) Seed(_ context.Context, tx *db.Tx, seed uint64, n int) error {
	rows, all := make([]row, n), make([]rules.Product, n)
	for i := range n {
		all[i] = rules.Seed(seed, i)
		rows[i] = toRow(all[i])
	}
	if err := tx.CreateInBatches(&rows, 500).Error; err != nil {
		return fmt.Errorf("seed the catalog: %w", err)
	}
	return m.index.Index(tx, all...)
}
