package store

import "gorm.io/gorm"

// A Page is a part of a list that goes by id.
type Page struct {
	After  string // the id of the last row before it; empty: from the beginning
	Limit  int    // rows at most
	Newest bool   // the greatest id first
}

// ReadPage reads the rows of q on a page. next is the cursor of the last of them, and empty when nothing follows: one row more than asked
// for is read to know.
func ReadPage[R any](q *gorm.DB, p Page, cursor func(R) string) (rows []R, next string, err error) {
	order, beyond := "id", "id > ?"
	if p.Newest {
		order, beyond = "id DESC", "id < ?"
	}
	if p.After != "" {
		q = q.Where(beyond, p.After)
	}
	if err := q.Order(order).Limit(p.Limit + 1).Find(&rows).Error; err != nil || len(rows) <= p.Limit {
		return rows, "", err
	}
	rows = rows[:p.Limit]
	return rows, cursor(rows[p.Limit-1]), nil
}
