package orderprocessing

import (
	"context"
	"errors"
	"figlab/api/internalapi"
	"figlab/microservices/platform/store"
	"figlab/microservices/platform/wire"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	rules "figlab/shop/orderprocessing"
)

type sagaRow struct {
	OrderID  string `gorm:"primaryKey"`
	Placed   string
	State    string
	Version  int64
	Sequence int64
	Updated  int64
	Due      int64
}

// TableName names the table.
func (sagaRow) TableName() string { return "orderprocessing_sagas" }

type eventRow struct {
	OrderID  string `gorm:"primaryKey"`
	Sequence int64  `gorm:"primaryKey"`
	State    string
	Detail   string
	At       int64
}

// TableName names the table.
func (eventRow) TableName() string { return "orderprocessing_events" }

func (r sagaRow) order() (Order, error) {
	var placed internalapi.PlacedOrder
	if err := wire.Decode(r.Placed, &placed); err != nil {
		return Order{}, err
	}
	o, err := newOrder(placed)
	if err != nil {
		return Order{}, err
	}
	if err := wire.Decode(r.State, &o.State); err != nil {
		return Order{}, err
	}
	o.Last = rules.Event{Sequence: r.Sequence, State: o.State.Order(), Detail: "", At: store.Time(r.Updated)}
	return o, nil
}

// insert writes a new order, and says whether it was new.
func insert(tx *store.Tx, o Order) (fresh bool, err error) {
	r := sagaRow{
		OrderID: string(o.ID), Version: o.State.Version,
		Sequence: o.Last.Sequence, Updated: store.Micros(o.Last.At), Due: store.Micros(o.State.Due),
	}
	if r.Placed, err = wire.Encode(o.Placed); err != nil {
		return false, err
	}
	if r.State, err = wire.Encode(o.State); err != nil {
		return false, err
	}
	done := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&r)
	if done.Error != nil {
		return false, fmt.Errorf("write order %s: %w", o.ID, done.Error)
	}
	return done.RowsAffected == 1, nil
}

// find returns an order, or store.ErrNone.
func find(q *gorm.DB, id shop.OrderID) (Order, error) {
	var r sagaRow
	if err := q.Where("order_id = ?", id).Take(&r).Error; err != nil {
		return Order{}, fmt.Errorf("read order %s: %w", id, err)
	}
	return r.order()
}

// errOvertaken is returned when somebody else has made a step of the order meanwhile.
var errOvertaken = errors.New("the order has moved on")

// update writes an order over the version before.
func update(tx *store.Tx, before int64, o Order) error {
	state, err := wire.Encode(o.State)
	if err != nil {
		return err
	}
	done := tx.Exec(`UPDATE orderprocessing_sagas SET state = ?, version = ?, sequence = ?, updated = ?, due = ?
WHERE order_id = ? AND version = ?`,
		state, o.State.Version, o.Last.Sequence, store.Micros(o.Last.At), store.Micros(o.State.Due), o.ID, before)
	if done.Error != nil {
		return fmt.Errorf("write order %s: %w", o.ID, done.Error)
	}
	if done.RowsAffected == 0 {
		return errOvertaken
	}
	return nil
}

func insertEvents(tx *store.Tx, id shop.OrderID, events ...rules.Event) error {
	rows := make([]eventRow, len(events))
	for i, e := range events {
		rows[i] = eventRow{OrderID: string(id), Sequence: e.Sequence, State: string(e.State), Detail: e.Detail, At: store.Micros(e.At)}
	}
	if err := tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("write events of order %s: %w", id, err)
	}
	return nil
}

// events returns what happened to an order, oldest first.
func events(q *gorm.DB, id shop.OrderID) ([]rules.Event, error) {
	var rows []eventRow
	if err := q.Where("order_id = ?", id).Order("sequence").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read events of order %s: %w", id, err)
	}
	out := make([]rules.Event, len(rows))
	for i, r := range rows {
		out[i] = rules.Event{Sequence: r.Sequence, State: rules.State(r.State), Detail: r.Detail, At: store.Time(r.At)}
	}
	return out, nil
}

// due returns a few orders that were to be looked at before a time, those that wait the longest first; with 0 any that are open.
func due(q *gorm.DB, before int64, few int) (ids []shop.OrderID, err error) {
	q = q.Model(&sagaRow{}).Where("due > 0")
	if before > 0 {
		q = q.Where("due < ?", before)
	}
	if err := q.Order("due").Limit(few).Pluck("order_id", &ids).Error; err != nil {
		return nil, fmt.Errorf("look for orders: %w", err)
	}
	return ids, nil
}

// audit counts the orders that wait for us. One that is confirmed waits for its parcel, which is others' work.
func (p *Processing) audit(ctx context.Context, a *internalapi.Audit) error {
	var n int64
	if err := p.db.Read(ctx).Model(&sagaRow{}).Where("due > 0").Count(&n).Error; err != nil {
		return fmt.Errorf("count open orders: %w", err)
	}
	a.Work.OrdersPending += n
	return nil
}
