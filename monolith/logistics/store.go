package logistics

import (
	"errors"
	"figlab/monolith/platform/db"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	rules "figlab/shop/logistics"
)

type row struct {
	ID        string `gorm:"primaryKey"`
	OrderID   string
	UserID    string
	State     string
	Claimed   bool // the carrier may know of it: it can no longer be called back
	Service   string
	Address   string
	Weight    int64
	Reference string
	Due       int64
	Version   int64
	Created   int64
	Updated   int64
}

// TableName names the table.
func (row) TableName() string { return "logistics_shipments" }

type cursorRow struct {
	ID       int `gorm:"primaryKey"`
	Sequence int64
}

// TableName names the table.
func (cursorRow) TableName() string { return "logistics_cursor" }

func find(q *gorm.DB, where string, args ...any) (r row, err error) {
	if err := q.Where(where, args...).Take(&r).Error; errors.Is(err, db.ErrNone) {
		return r, rules.ErrNotFound
	} else if err != nil {
		return r, fmt.Errorf("read shipment: %w", err)
	}
	return r, nil
}

// batch is how many shipments are looked at in one go.
const batch = 100

// due returns shipments to be booked, and when the next one will be: 0 when there is none, now when there may be more.
func due(q *gorm.DB, now int64) (ids []shop.ShipmentID, next int64, err error) {
	var rows []row
	err = q.Select("id", "due").Where("state = 'pending'").Order("due").Limit(batch).Find(&rows).Error
	if err != nil {
		return nil, 0, fmt.Errorf("look for shipments: %w", err)
	}
	for _, r := range rows {
		if r.Due > now {
			return ids, r.Due, nil
		}
		ids = append(ids, shop.ShipmentID(r.ID))
	}
	if len(rows) == batch {
		return ids, now, nil
	}
	return ids, 0, nil
}

func cursor(q *gorm.DB) (int64, error) {
	var r cursorRow
	if err := q.Take(&r, "id = 1").Error; err != nil && !errors.Is(err, db.ErrNone) {
		return 0, fmt.Errorf("read cursor: %w", err)
	}
	return r.Sequence, nil
}

func setCursor(tx *db.Tx, sequence int64) error {
	if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&cursorRow{1, sequence}).Error; err != nil {
		return fmt.Errorf("write cursor: %w", err)
	}
	return nil
}
