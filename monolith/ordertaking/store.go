package ordertaking

import (
	"context"
	"errors"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/wire"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"

	rules "figlab/shop/ordertaking"
)

type row struct {
	ID             string `gorm:"primaryKey"`
	UserID         string
	IdempotencyKey string
	Fingerprint    string
	State          string
	Reason         string
	Lines          string
	Subtotal       int64
	Shipping       int64
	Total          int64
	Currency       string
	Address        string
	Service        string
	Weight         int64
	PaymentID      string
	ShipmentID     string
	Version        int64
	Created        int64
	Updated        int64
}

// TableName names the table.
func (row) TableName() string { return "ordertaking_orders" }

func toRow(o rules.Order) (row, error) {
	lines, err := wire.Encode(o.Lines)
	if err != nil {
		return row{}, err
	}
	address, err := wire.Encode(o.Request.Address)
	if err != nil {
		return row{}, err
	}
	return row{
		ID: string(o.ID), UserID: string(o.User), IdempotencyKey: o.Key, Fingerprint: o.Request.Fingerprint(),
		State: o.State, Reason: o.Reason, Lines: lines,
		Subtotal: o.Subtotal.Amount, Shipping: o.Shipping.Amount, Total: o.Total.Amount, Currency: string(o.Total.Currency),
		Address: address, Service: o.Request.Service, Weight: int64(o.Weight),
		PaymentID: string(o.Payment), ShipmentID: string(o.Shipment),
		Version: o.Version, Created: db.Micros(o.Created), Updated: db.Micros(o.Updated),
	}, nil
}

func (r row) order() (o rules.Order, err error) {
	money := func(amount int64) shop.Money { return shop.Money{Amount: amount, Currency: shop.Currency(r.Currency)} }
	o = rules.Order{
		Draft: rules.Draft{
			Subtotal: money(r.Subtotal), Shipping: money(r.Shipping), Total: money(r.Total), Weight: shop.Grams(r.Weight),
		},
		ID: shop.OrderID(r.ID), User: shop.UserID(r.UserID), Key: r.IdempotencyKey, State: r.State, Reason: r.Reason,
		Request: rules.Request{Service: r.Service},
		Payment: shop.PaymentID(r.PaymentID), Shipment: shop.ShipmentID(r.ShipmentID),
		Version: r.Version, Created: db.Time(r.Created), Updated: db.Time(r.Updated),
	}
	if err := wire.Decode(r.Lines, &o.Lines); err != nil {
		return o, err
	}
	return o, wire.Decode(r.Address, &o.Request.Address)
}

func find(q *gorm.DB, where string, args ...any) (row, error) {
	var r row
	if err := q.Where(where, args...).Take(&r).Error; errors.Is(err, db.ErrNone) {
		return r, rules.ErrNotFound
	} else if err != nil {
		return r, fmt.Errorf("read order: %w", err)
	}
	return r, nil
}

// Load reads an order for a change, in the caller's transaction.
func (m *Module) Load(tx *db.Tx, id shop.OrderID) (rules.Order, error) {
	r, err := find(tx.Locking(), "id = ?", id)
	if err != nil {
		return rules.Order{}, err
	}
	return r.order()
}

// Save writes what may change in an order after it was placed: its state and what the state brought.
func (m *Module) Save(tx *db.Tx, o rules.Order) error {
	err := tx.Model(&row{}).Where("id = ?", o.ID).Updates(map[string]any{
		"state": o.State, "reason": o.Reason, "payment_id": o.Payment, "shipment_id": o.Shipment,
		"version": o.Version, "updated": db.Micros(o.Updated),
	}).Error
	if err != nil {
		return fmt.Errorf("save order: %w", err)
	}
	return nil
}

// Owned reads one of the user's orders.
func (m *Module) Owned(ctx context.Context, user shop.UserID, id shop.OrderID) (rules.Order, error) {
	r, err := find(m.db.Read(ctx), "id = ? AND user_id = ?", id, user)
	if err != nil {
		return rules.Order{}, err
	}
	return r.order()
}

func page(q *gorm.DB, user shop.UserID, after shop.OrderID, limit int) (orders []rules.Order, next string, err error) {
	cursor := func(r row) string { return rules.Cursor(shop.OrderID(r.ID)) }
	newest := db.Page{After: string(after), Limit: limit, Newest: true}
	rows, next, err := db.ReadPage(q.Where("user_id = ?", user), newest, cursor)
	if err != nil {
		return nil, "", fmt.Errorf("list orders: %w", err)
	}
	for _, r := range rows {
		o, err := r.order()
		if err != nil {
			return nil, "", err
		}
		orders = append(orders, o)
	}
	return orders, next, nil
}
