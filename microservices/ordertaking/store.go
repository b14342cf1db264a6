package ordertaking

import (
	"errors"
	"figlab/microservices/platform/store"
	"figlab/microservices/platform/wire"
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
	CartVersion    int64
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
		Version: o.Version, Created: store.Micros(o.Created), Updated: store.Micros(o.Updated),
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
		Version: r.Version, Created: store.Time(r.Created), Updated: store.Time(r.Updated),
	}
	if err := wire.Decode(r.Lines, &o.Lines); err != nil {
		return o, err
	}
	return o, wire.Decode(r.Address, &o.Request.Address)
}

func find(q *gorm.DB, where string, args ...any) (row, error) {
	var r row
	if err := q.Where(where, args...).Take(&r).Error; errors.Is(err, store.ErrNone) {
		return r, rules.ErrNotFound
	} else if err != nil {
		return r, fmt.Errorf("read order: %w", err)
	}
	return r, nil
}

// update writes what may change in an order after it was placed, unless what is known is newer already. It says whether the order exists.
func update(tx *store.Tx, id shop.OrderID, state, reason, payment, shipment string, version, updated int64) (bool, error) {
	done := tx.Model(&row{}).Where("id = ? AND version < ?", id, version).Updates(map[string]any{
		"state": state, "reason": reason, "payment_id": payment, "shipment_id": shipment, "version": version, "updated": updated,
	})
	if done.Error != nil {
		return false, fmt.Errorf("update order: %w", done.Error)
	}
	if done.RowsAffected == 1 {
		return true, nil
	}
	var n int64
	if err := tx.Model(&row{}).Where("id = ?", id).Count(&n).Error; err != nil {
		return false, fmt.Errorf("look for order: %w", err)
	}
	return n == 1, nil
}

func page(q *gorm.DB, user shop.UserID, after shop.OrderID, limit int) (orders []rules.Order, next string, err error) {
	cursor := func(r row) string { return rules.Cursor(shop.OrderID(r.ID)) }
	newest := store.Page{After: string(after), Limit: limit, Newest: true}
	rows, next, err := store.ReadPage(q.Where("user_id = ?", user), newest, cursor)
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
