package payment

import (
	"errors"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"

	rules "figlab/shop/payment"
)

type row struct {
	ID       string `gorm:"primaryKey"` // also the key of the charge at the provider
	OrderID  string
	UserID   string
	State    string
	Amount   int64
	Refunded int64
	Currency string
	Token    string
	Version  int64
	Created  int64
	Updated  int64
}

// TableName names the table.
func (row) TableName() string { return "payment_payments" }

type refundRow struct {
	ID        string `gorm:"primaryKey"` // also the key of the refund at the provider
	PaymentID string
	Key       string // of the request that decided it
	Amount    int64
	Done      bool
	Created   int64
}

// TableName names the table.
func (refundRow) TableName() string { return "payment_refunds" }

type entryRow struct {
	Seq           int64 `gorm:"primaryKey;autoIncrement"`
	TransactionID string
	Account       string
	Amount        int64
	Currency      string
}

// TableName names the table.
func (entryRow) TableName() string { return "payment_ledger" }

func (r row) money(amount int64) shop.Money {
	return shop.Money{Amount: amount, Currency: shop.Currency(r.Currency)}
}

func (r row) payment() rules.Payment {
	return rules.Payment{Amount: r.money(r.Amount), Refunded: r.money(r.Refunded), State: rules.State(r.State)}
}

func find(q *gorm.DB, id shop.PaymentID) (row, error) { return take(q, "id = ?", string(id)) }

// ofOrder returns the payment of an order.
func ofOrder(q *gorm.DB, order shop.OrderID) (row, error) {
	return take(q, "order_id = ?", string(order))
}

func take(q *gorm.DB, where, id string) (r row, err error) {
	if err := q.Take(&r, where, id).Error; errors.Is(err, store.ErrNone) {
		return r, rules.ErrNotFound
	} else if err != nil {
		return r, fmt.Errorf("read payment: %w", err)
	}
	return r, nil
}

// openAtOnce is how many unfinished refunds are read in one go.
const openAtOnce = 500

// openRefunds returns refunds booked before a time that the provider has not confirmed, the oldest first.
func openRefunds(q *gorm.DB, before int64) (ids []string, err error) {
	err = q.Model(&refundRow{}).Where("NOT done AND created < ?", before).Order("created, id").Limit(openAtOnce).Pluck("id", &ids).Error
	if err != nil {
		return nil, fmt.Errorf("look for open refunds: %w", err)
	}
	return ids, nil
}

// decided returns the refund of a payment under a key; ok says whether there is one.
func decided(q *gorm.DB, payment, key string) (r refundRow, ok bool, err error) {
	err = q.Take(&r, "payment_id = ? AND key = ?", payment, key).Error
	if errors.Is(err, store.ErrNone) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("read refund: %w", err)
	}
	return r, true, nil
}

// book writes the entries of one transaction; its name is unique per account, so nothing is booked twice.
func book(tx *store.Tx, transaction string, entries []rules.Entry) error {
	rows := make([]entryRow, len(entries))
	for i, e := range entries {
		rows[i] = entryRow{
			TransactionID: transaction, Account: string(e.Account), Amount: e.Amount.Amount, Currency: string(e.Amount.Currency),
		}
	}
	if err := tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("book %s: %w", transaction, err)
	}
	return nil
}
