package catalog

import (
	"errors"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

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
		OnSale: p.OnSale, Version: p.Version, Created: store.Micros(p.Created), Updated: store.Micros(p.Updated),
	}
}

func (r row) product() rules.Product {
	return rules.Product{
		ID: shop.ProductID(r.ID), SKU: r.SKU, Name: r.Name, Description: r.Description, Category: r.Category,
		Price: shop.Money{Amount: r.Price, Currency: shop.Currency(r.Currency)}, Weight: shop.Grams(r.Weight),
		OnSale: r.OnSale, Version: r.Version, Created: store.Time(r.Created), Updated: store.Time(r.Updated),
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
	if err := q.Take(&r, "id = ?", id).Error; errors.Is(err, store.ErrNone) {
		return rules.Product{}, rules.ErrNotFound
	} else if err != nil {
		return rules.Product{}, fmt.Errorf("read product %s: %w", id, err)
	}
	return r.product(), nil
}

// lookup reads the products of these ids that exist.
func lookup(q *gorm.DB, ids []string) ([]rules.Product, error) {
	var rows []row
	if err := q.Find(&rows, "id IN ?", ids).Error; err != nil {
		return nil, fmt.Errorf("look up products: %w", err)
	}
	return products(rows), nil
}

// page reads products on sale in id order, and the cursor of the next page.
func page(q *gorm.DB, category string, after shop.ProductID, limit int) ([]rules.Product, string, error) {
	q = q.Where("on_sale")
	if category != "" {
		q = q.Where("category = ?", category)
	}
	cursor := func(r row) string { return rules.Cursor(shop.ProductID(r.ID)) }
	rows, next, err := store.ReadPage(q, store.Page{After: string(after), Limit: limit}, cursor)
	if err != nil {
		return nil, "", fmt.Errorf("list products: %w", err)
	}
	return products(rows), next, nil
}

// A query is what search looks for.
type query struct {
	words     []string // lower case, letters and digits only
	category  string   // empty: any
	low, high int64    // minor units
	limit     int
}

const anyPrice = int64(1) << 62

// search reads products on sale whose name holds all words, in id order. SQLite knows the lower case of ASCII alone.
func search(q *gorm.DB, by query) ([]rules.Product, error) {
	q = q.Where("on_sale").Where("price BETWEEN ? AND ?", by.low, by.high)
	if by.category != "" {
		q = q.Where("category = ?", by.category)
	}
	for _, w := range by.words {
		q = q.Where("lower(name) LIKE ?", "%"+w+"%")
	}
	var rows []row
	if err := q.Order("id").Limit(by.limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("find products: %w", err)
	}
	return products(rows), nil
}

// chunk reads all products in id order, those off sale too: it is what is copied.
func chunk(q *gorm.DB, after shop.ProductID, limit int) ([]rules.Product, error) {
	var rows []row
	if err := q.Where("id > ?", after).Order("id").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read products: %w", err)
	}
	return products(rows), nil
}

// A CategoryCount is a category with how many products are on sale in it.
type CategoryCount struct {
	Category string
	Count    int64
}

func categories(q *gorm.DB) (counts []CategoryCount, err error) {
	err = q.Model(&row{}).Where("on_sale").Select("category, count(*) AS count").
		Group("category").Order("category").Scan(&counts).Error
	if err != nil {
		return nil, fmt.Errorf("count categories: %w", err)
	}
	return counts, nil
}

const rowsAtOnce = 500 // of one statement: both databases bound its parameters

// upsert writes the rows whose version is newer than what is there, and says how many that were. Ids must not repeat.
func upsert(tx *gorm.DB, rows []row) (applied int64, err error) {
	if len(rows) == 0 {
		return 0, nil
	}
	newer := clause.OnConflict{
		Columns: []clause.Column{{Name: "id"}},
		DoUpdates: clause.AssignmentColumns([]string{
			"sku", "name", "description", "category", "price", "currency", "weight", "on_sale", "version", "created", "updated",
		}),
		Where: clause.Where{Exprs: []clause.Expression{gorm.Expr("excluded.version > catalog_products.version")}},
	}
	// Batches differ in size, so a prepared statement would not be met again.
	done := tx.Session(&gorm.Session{PrepareStmt: false}).Clauses(newer).CreateInBatches(&rows, rowsAtOnce)
	if done.Error != nil {
		return 0, fmt.Errorf("write products: %w", done.Error)
	}
	return done.RowsAffected, nil
}

// checkpoint is how far the feed has come. There is one row.
type checkpoint struct {
	ID         int `gorm:"primaryKey"`
	Cursor     string
	Backfilled bool
}

// TableName names the table.
func (checkpoint) TableName() string { return "catalog_checkpoint" }

func readCheckpoint(q *gorm.DB) (at checkpoint, err error) {
	if err = q.Take(&at, "id = 1").Error; err != nil && !errors.Is(err, store.ErrNone) {
		return checkpoint{}, fmt.Errorf("read the checkpoint: %w", err)
	}
	return at, nil
}

func writeCheckpoint(tx *gorm.DB, at checkpoint) error {
	at.ID = 1
	if err := tx.Save(&at).Error; err != nil {
		return fmt.Errorf("write the checkpoint: %w", err)
	}
	return nil
}
