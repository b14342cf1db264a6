package search

import (
	"figlab/monolith/platform/db"
	"figlab/shop"
	"fmt"
	"strings"

	"gorm.io/gorm"

	catalog "figlab/shop/catalog"
	rules "figlab/shop/search"
)

type row struct {
	ProductID   string
	Name        string
	Description string
	Category    string
	Price       int64
	Currency    string
	Created     int64
}

// TableName names the table.
func (row) TableName() string { return "search_documents" }

func (r row) document() rules.Document {
	return rules.Document{
		Product: shop.ProductID(r.ProductID), Name: r.Name, Description: r.Description, Category: r.Category,
		Price: shop.Money{Amount: r.Price, Currency: shop.Currency(r.Currency)}, Created: db.Time(r.Created),
	}
}

// Index makes products findable as they are now; those off sale can no longer be found.
func (m *Module) Index(tx *db.Tx, products ...catalog.Product) error {
	ids, rows := make([]string, len(products)), make([]row, 0, len(products))
	fresh := true
	for i, p := range products {
		ids[i] = string(p.ID)
		fresh = fresh && p.Version == 1
		if p.OnSale {
			rows = append(rows, row{
				ProductID: string(p.ID), Name: p.Name, Description: p.Description, Category: p.Category,
				Price: p.Price.Amount, Currency: string(p.Price.Currency), Created: db.Micros(p.Created),
			})
		}
	}
	if !fresh {
		if err := tx.Delete(&row{}, "product_id IN ?", ids).Error; err != nil {
			return fmt.Errorf("unindex: %w", err)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if err := tx.CreateInBatches(&rows, 500).Error; err != nil {
		return fmt.Errorf("index: %w", err)
	}
	return nil
}

// candidates retrieves what may answer: every term begins some word of the document. The price bounds are applied here as well, so that
// the bound on candidates cuts as late as possible.
func candidates(q *gorm.DB, store string, terms []string, query rules.Query) (found []rules.Document, err error) {
	sql, match := postgresSQL, strings.Join(terms, ":* & ")+":*"
	if store == db.SQLite {
		sql, match = sqliteSQL, `"`+strings.Join(terms, `"* "`)+`"*`
	}
	low, high := int64(0), int64(1)<<62
	if query.MinPrice != nil {
		low = *query.MinPrice
	}
	if query.MaxPrice != nil {
		high = *query.MaxPrice
	}
	var rows []row
	if err := q.Raw(sql, match, low, high, rules.MaxCandidates).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	for _, r := range rows {
		found = append(found, r.document())
	}
	return found, nil
}

const (
	sqliteSQL = `SELECT d.product_id, d.name, d.description, d.category, d.price, d.currency, d.created
FROM search_index JOIN search_documents d ON d.doc = search_index.rowid
WHERE search_index MATCH ? AND d.price BETWEEN ? AND ? ORDER BY d.product_id LIMIT ?`
	postgresSQL = `SELECT product_id, name, description, category, price, currency, created
FROM search_documents WHERE words @@ to_tsquery('simple', ?) AND price BETWEEN ? AND ? ORDER BY product_id LIMIT ?`
)
