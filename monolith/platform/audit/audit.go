// Package audit is the monolith's door for oracles: everything they need of the store, read in one snapshot over all modules' tables.
package audit

import (
	"context"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/internalapi/auditapi"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/wire"
	"fmt"

	"gorm.io/gorm"
)

// A Door serves the audit.
type Door struct{ db *db.DB }

// New returns the door.
func New(d *db.DB) Door { return Door{d} }

var _ auditapi.StrictServerInterface = Door{}

// ReadAudit reads the facts.
func (d Door) ReadAudit(ctx context.Context, _ auditapi.ReadAuditRequestObject) (auditapi.ReadAuditResponseObject, error) {
	a := internalapi.Audit{
		Stock: []internalapi.AuditStock{}, StockMoves: []internalapi.AuditStockMove{}, Orders: []internalapi.AuditOrder{},
		Payments: []internalapi.AuditPayment{}, Ledger: []internalapi.AuditLedgerEntry{}, Shipments: []internalapi.AuditShipment{},
		Notifications: []internalapi.AuditNotification{}, Users: []string{},
	}
	err := d.db.Snapshot(ctx, func(q *gorm.DB) error {
		for _, read := range []struct {
			into any
			sql  string
		}{
			{&a.Stock, `SELECT product_id, initial, on_hand, reserved FROM warehouse_stock WHERE version > 0 ORDER BY product_id`},
			{&a.StockMoves, `SELECT seq AS sequence, product_id, kind, quantity, cause FROM warehouse_moves ORDER BY seq`},
			{&a.Payments, `SELECT id, order_id, state, amount, refunded, currency FROM payment_payments ORDER BY id`},
			{&a.Ledger, `SELECT transaction_id AS "transaction", account, amount, currency FROM payment_ledger ORDER BY seq`},
			{&a.Shipments, `SELECT id, order_id, state FROM logistics_shipments ORDER BY id`},
			{&a.Notifications, `SELECT id, user_id, kind, cause FROM notification_messages ORDER BY id`},
			{&a.Users, `SELECT email FROM user_accounts WHERE NOT seeded ORDER BY id`},
			{&a.Work, `SELECT (SELECT count(*) FROM platform_outbox) AS outbox_unpublished,
(SELECT count(*) FROM ordertaking_orders WHERE state = 'pending') AS orders_pending,
(SELECT count(*) FROM payment_payments WHERE state = 'initiated') +
  (SELECT count(*) FROM payment_refunds WHERE NOT done) AS payments_initiated,
(SELECT count(*) FROM logistics_shipments WHERE state IN ('pending', 'booked')) AS shipments_pending`},
		} {
			if err := q.Raw(read.sql).Scan(read.into).Error; err != nil {
				return err
			}
		}
		var err error
		a.Orders, err = orders(q)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return auditapi.ReadAudit200JSONResponse(a), nil
}

// orders reads the orders with their lines.
func orders(q *gorm.DB) ([]internalapi.AuditOrder, error) {
	var rows []struct {
		ID, UserID, IdempotencyKey, State, Reason, Currency, Lines string
		Total                                                      int64
	}
	err := q.Raw(`SELECT id, user_id, idempotency_key, state, reason, total, currency, lines
FROM ordertaking_orders ORDER BY id`).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	out := make([]internalapi.AuditOrder, len(rows))
	for i, r := range rows {
		var lines []struct {
			Product  string
			Quantity int64
			Price    struct{ Amount int64 }
		}
		if err := json.Unmarshal([]byte(r.Lines), &lines); err != nil {
			return nil, fmt.Errorf("order %s: %w", r.ID, err)
		}
		out[i] = internalapi.AuditOrder{
			Id: r.ID, UserId: r.UserID, IdempotencyKey: r.IdempotencyKey, State: r.State, Reason: wire.Optional(r.Reason),
			Total: r.Total, Currency: r.Currency, Lines: make([]internalapi.AuditOrderLine, len(lines)),
		}
		for k, l := range lines {
			out[i].Lines[k] = internalapi.AuditOrderLine{ProductId: l.Product, Quantity: l.Quantity, UnitPrice: l.Price.Amount}
		}
	}
	return out, nil
}
