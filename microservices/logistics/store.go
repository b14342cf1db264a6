package logistics

import (
	"context"
	"errors"
	"figlab/api/internalapi"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	rules "figlab/shop/logistics"
)

// A Shipment of an order.
type Shipment struct {
	ID        string `gorm:"primaryKey"`
	OrderID   string
	UserID    string
	State     string
	Claimed   bool // the carrier may know of it: it can no longer be called back
	Service   string
	Address   string
	Weight    int64
	Reference string
	Due       int64 // 0 until its order is confirmed
	Version   int64
	Created   int64
	Updated   int64
}

// TableName names the table.
func (Shipment) TableName() string { return "logistics_shipments" }

type cursorRow struct {
	ID       int `gorm:"primaryKey"`
	Sequence int64
}

// TableName names the table.
func (cursorRow) TableName() string { return "logistics_cursor" }

func find(q *gorm.DB, where string, args ...any) (s Shipment, err error) {
	if err := q.Where(where, args...).Take(&s).Error; errors.Is(err, store.ErrNone) {
		return s, rules.ErrNotFound
	} else if err != nil {
		return s, fmt.Errorf("read shipment: %w", err)
	}
	return s, nil
}

// insert writes an order's shipment if it is the first; else it returns the one that is there. One statement decides.
func insert(tx *store.Tx, s Shipment) (_ Shipment, fresh bool, err error) {
	done := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "order_id"}}, DoNothing: true}).Create(&s)
	if done.Error != nil {
		return s, false, fmt.Errorf("write shipment: %w", done.Error)
	}
	if done.RowsAffected == 1 {
		return s, true, nil
	}
	s, err = find(tx.DB, "order_id = ?", s.OrderID)
	return s, false, err
}

func save(tx *store.Tx, s Shipment) error {
	if err := tx.Save(&s).Error; err != nil {
		return fmt.Errorf("write shipment: %w", err)
	}
	return nil
}

// setDue says whether there was a shipment of the order that had still to become due.
func setDue(tx *store.Tx, order shop.OrderID, at int64) (bool, error) {
	done := tx.Model(&Shipment{}).Where("order_id = ? AND state = 'pending' AND due = 0", order).Update("due", at)
	if done.Error != nil {
		return false, fmt.Errorf("make shipment due: %w", done.Error)
	}
	return done.RowsAffected == 1, nil
}

// due returns a few shipments to be booked; where there is none, when the next one will be, or 0.
func due(q *gorm.DB, now int64) (ids []string, next int64, err error) {
	var rows []Shipment
	err = q.Select("id", "due").Where("state = 'pending' AND due > 0").Order("due").Limit(atOnce).Find(&rows).Error
	if err != nil {
		return nil, 0, fmt.Errorf("look for shipments: %w", err)
	}
	for _, r := range rows {
		if r.Due > now {
			return ids, r.Due, nil
		}
		ids = append(ids, r.ID)
	}
	return ids, 0, nil
}

// lock reads some shipments for a change, always in the same order.
func lock(tx *store.Tx, ids []string) (rows []Shipment, err error) {
	if err := tx.Locking().Where("id IN ?", ids).Order("id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("lock shipments: %w", err)
	}
	return rows, nil
}

// lockPending locks those of some shipments that are still to be booked.
func lockPending(tx *store.Tx, ids []string) (pending []Shipment, err error) {
	rows, err := lock(tx, ids)
	for _, r := range rows {
		if r.State == string(rules.Pending) {
			pending = append(pending, r)
		}
	}
	return pending, err
}

// setClaimed notes that the carrier may know of shipments from now on.
func setClaimed(tx *store.Tx, ids []string) error {
	err := tx.Model(&Shipment{}).Where("id IN ? AND state = 'pending' AND NOT claimed", ids).Update("claimed", true).Error
	if err != nil {
		return fmt.Errorf("claim shipments: %w", err)
	}
	return nil
}

// setDelivered writes shipments that have arrived in one statement.
func setDelivered(tx *store.Tx, ids []string, now int64) error {
	err := tx.Model(&Shipment{}).Where("id IN ?", ids).
		Updates(map[string]any{"state": string(rules.Delivered), "updated": now, "version": gorm.Expr("version + 1")}).Error
	if err != nil {
		return fmt.Errorf("write delivered shipments: %w", err)
	}
	return nil
}

func cursor(q *gorm.DB) (int64, error) {
	var r cursorRow
	if err := q.Take(&r, "id = 1").Error; err != nil && !errors.Is(err, store.ErrNone) {
		return 0, fmt.Errorf("read cursor: %w", err)
	}
	return r.Sequence, nil
}

// setCursor never goes back, whoever else is listening.
func setCursor(tx *store.Tx, sequence int64) error {
	ahead := clause.OnConflict{
		Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"sequence"}),
		Where: clause.Where{Exprs: []clause.Expression{gorm.Expr("excluded.sequence > logistics_cursor.sequence")}},
	}
	if err := tx.Clauses(ahead).Create(&cursorRow{1, sequence}).Error; err != nil {
		return fmt.Errorf("write cursor: %w", err)
	}
	return nil
}

// audit reads the shipments. One that was recalled is no work any more; one that waits for its order to be confirmed is.
func (l *Logistics) audit(ctx context.Context, a *internalapi.Audit) error {
	return l.db.Snapshot(ctx, func(q *gorm.DB) error {
		if err := q.Raw(`SELECT id, order_id, state FROM logistics_shipments ORDER BY id`).Scan(&a.Shipments).Error; err != nil {
			return fmt.Errorf("read shipments: %w", err)
		}
		for _, s := range a.Shipments {
			if s.State == string(rules.Pending) || s.State == string(rules.Booked) {
				a.Work.ShipmentsPending++
			}
		}
		return nil
	})
}
