package orderprocessing

import (
	"figlab/monolith/platform/db"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"

	rules "figlab/shop/orderprocessing"
)

type row struct {
	OrderID  string `gorm:"primaryKey"`
	Sequence int64  `gorm:"primaryKey"`
	State    string
	Detail   string
	At       int64
}

// TableName names the table.
func (row) TableName() string { return "orderprocessing_events" }

func (r row) event() rules.Event {
	return rules.Event{Sequence: r.Sequence, State: rules.State(r.State), Detail: r.Detail, At: db.Time(r.At)}
}

func insert(tx *db.Tx, order shop.OrderID, e rules.Event) error {
	r := row{OrderID: string(order), Sequence: e.Sequence, State: string(e.State), Detail: e.Detail, At: db.Micros(e.At)}
	if err := tx.Create(&r).Error; err != nil {
		return fmt.Errorf("write order event: %w", err)
	}
	return nil
}

// last returns the newest event of an order.
func last(tx *db.Tx, order shop.OrderID) (rules.Event, error) {
	var r row
	if err := tx.Where("order_id = ?", order).Order("sequence DESC").Take(&r).Error; err != nil {
		return rules.Event{}, fmt.Errorf("read order events: %w", err)
	}
	return r.event(), nil
}

func all(q *gorm.DB, order shop.OrderID) ([]rules.Event, error) {
	var rows []row
	if err := q.Where("order_id = ?", order).Order("sequence").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read order events: %w", err)
	}
	events := make([]rules.Event, len(rows))
	for i, r := range rows {
		events[i] = r.event()
	}
	return events, nil
}
