package search

import (
	"errors"
	"figlab/api/shopapi"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	rules "figlab/shop/search"
)

type row struct {
	Doc         int64 `gorm:"primaryKey"`
	ProductID   string
	Name        string
	Description string
	Category    string
	Price       int64
	Currency    string
	Created     int64
	Version     int64
	OnSale      bool
}

// TableName names the table.
func (row) TableName() string { return "search_documents" }

func toRow(p shopapi.Product) row {
	return row{
		ProductID: p.Id, Name: p.Name, Description: p.Description, Category: p.Category, Price: p.Price.Amount, Currency: p.Price.Currency,
		Created: store.Micros(p.CreatedAt), Version: p.Version, OnSale: p.OnSale,
	}
}

func (r row) document() rules.Document {
	return rules.Document{
		Product: shop.ProductID(r.ProductID), Name: r.Name, Description: r.Description, Category: r.Category,
		Price: shop.Money{Amount: r.Price, Currency: shop.Currency(r.Currency)}, Created: store.Time(r.Created),
	}
}

const rowsAtOnce = 500 // of one statement: SQLite bounds its parameters

// index takes in the products that are newer than what is known of them. Those off sale can no longer be found, but their version stays, so
// that nothing older brings them back.
func index(tx *gorm.DB, products []shopapi.Product) error {
	if len(products) == 0 {
		return nil
	}
	rows := make([]row, len(products))
	for i, p := range products {
		rows[i] = toRow(p)
	}
	newer := clause.OnConflict{
		Columns: []clause.Column{{Name: "product_id"}},
		DoUpdates: clause.AssignmentColumns([]string{
			"name", "description", "category", "price", "currency", "created", "version", "on_sale",
		}),
		Where: clause.Where{Exprs: []clause.Expression{gorm.Expr("excluded.version > search_documents.version")}},
	}
	// Batches differ in size, so a prepared statement would not be met again.
	if err := tx.Session(&gorm.Session{PrepareStmt: false}).Clauses(newer).CreateInBatches(&rows, rowsAtOnce).Error; err != nil {
		return fmt.Errorf("index: %w", err)
	}
	return nil
}

// candidates retrieves what may answer: every term begins some word of the document. The price bounds are applied here as well, so that
// the bound on candidates cuts as late as possible.
func candidates(q *gorm.DB, terms []string, query rules.Query) ([]rules.Document, error) {
	low, high := int64(0), int64(1)<<62
	if query.MinPrice != nil {
		low = *query.MinPrice
	}
	if query.MaxPrice != nil {
		high = *query.MaxPrice
	}
	match := `"` + strings.Join(terms, `"* "`) + `"*`
	var rows []row
	if err := q.Raw(candidatesSQL, match, low, high, rules.MaxCandidates).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	found := make([]rules.Document, len(rows))
	for i, r := range rows {
		found[i] = r.document()
	}
	return found, nil
}

const candidatesSQL = `SELECT d.product_id, d.name, d.description, d.category, d.price, d.currency, d.created
FROM search_index JOIN search_documents d ON d.doc = search_index.rowid
WHERE search_index MATCH ? AND d.price BETWEEN ? AND ? ORDER BY d.product_id LIMIT ?`

// count says how many products can be found.
func count(q *gorm.DB) (n int64, err error) {
	if err := q.Model(&row{}).Where("on_sale").Count(&n).Error; err != nil {
		return 0, fmt.Errorf("count documents: %w", err)
	}
	return n, nil
}

// backfill is how far the catalog has been read. There is one row.
type backfill struct {
	ID     int `gorm:"primaryKey"`
	Cursor string
	Done   bool
}

// TableName names the table.
func (backfill) TableName() string { return "search_backfill" }

func readBackfill(q *gorm.DB) (at backfill, err error) {
	if err = q.Take(&at, "id = 1").Error; err != nil && !errors.Is(err, store.ErrNone) {
		return backfill{}, fmt.Errorf("read the backfill: %w", err)
	}
	return at, nil
}

func writeBackfill(tx *gorm.DB, at backfill) error {
	at.ID = 1
	if err := tx.Save(&at).Error; err != nil {
		return fmt.Errorf("write the backfill: %w", err)
	}
	return nil
}
