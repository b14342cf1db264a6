package payment

import (
	"context"
	"figlab/api/internalapi"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"

	"gorm.io/gorm"
)

// This service tells of every change of a payment, and of every refund that is booked. It hears nothing: order processing asks it.

func (p *Payment) tell(tx *store.Tx, r row) error {
	return p.out.Append(tx, outbox.Change{Type: "payment-changed", Key: r.ID, Version: r.Version, User: r.UserID, Data: toWire(r)})
}

// audit reads payments and ledger, and counts what the provider has still to answer.
func (p *Payment) audit(ctx context.Context, a *internalapi.Audit) error {
	return p.db.Snapshot(ctx, func(q *gorm.DB) error {
		for _, read := range []struct {
			into any
			sql  string
		}{
			{&a.Payments, `SELECT id, order_id, state, amount, refunded, currency FROM payment_payments ORDER BY id`},
			{&a.Ledger, `SELECT transaction_id AS "transaction", account, amount, currency FROM payment_ledger ORDER BY seq`},
			{&a.Work.PaymentsInitiated, `SELECT (SELECT count(*) FROM payment_payments WHERE state = 'initiated') +
(SELECT count(*) FROM payment_refunds WHERE NOT done)`},
		} {
			if err := q.Raw(read.sql).Scan(read.into).Error; err != nil {
				return err
			}
		}
		return nil
	})
}
