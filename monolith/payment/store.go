package payment

import (
	"errors"
	"figlab/monolith/platform/db"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"

	rules "figlab/shop/payment"
)

type row struct {
	ID       string `gorm:"primaryKey"`
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

func find(q *gorm.DB, id shop.PaymentID) (r row, err error) {
	if err := q.Take(&r, "id = ?", id).Error; errors.Is(err, db.ErrNone) {
		return r, rules.ErrNotFound
	} else if err != nil {
		return r, fmt.Errorf("read payment: %w", err)
	}
	return r, nil
}

// openPage is how many unfinished things are read in one go.
const openPage = 500

// openPayments reads what comes after last, in the order of the index over what is open.
func openPayments(q *gorm.DB, before int64, last Unfinished) ([]Unfinished, error) {
	var rows []row
	err := open(q, before, last).Where("state = 'initiated'").Select("id", "order_id", "created").Find(&rows).Error
	page := make([]Unfinished, len(rows))
	for i, r := range rows {
		page[i] = Unfinished{ID: r.ID, Order: shop.OrderID(r.OrderID), created: r.Created}
	}
	return page, err
}

// openRefunds is openPayments for refunds.
func openRefunds(q *gorm.DB, before int64, last Unfinished) ([]Unfinished, error) {
	var rows []refundRow
	err := open(q, before, last).Where("NOT done").Select("id", "created").Find(&rows).Error
	page := make([]Unfinished, len(rows))
	for i, r := range rows {
		page[i] = Unfinished{ID: r.ID, Refund: true, created: r.Created}
	}
	return page, err
}

func open(q *gorm.DB, before int64, last Unfinished) *gorm.DB {
	return q.Where("created < ? AND (created, id) > (?, ?)", before, last.created, last.ID).Order("created, id").Limit(openPage)
}

// decided returns the refund of a payment under a key; ok says whether there is one.
func decided(q *gorm.DB, id shop.PaymentID, key string) (r refundRow, ok bool, err error) {
	err = q.Take(&r, "payment_id = ? AND key = ?", id, key).Error
	if errors.Is(err, db.ErrNone) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("read refund: %w", err)
	}
	return r, true, nil
}

// book writes the entries of one transaction; its name is unique per account, so nothing is booked twice.
func book(tx *db.Tx, transaction string, entries []rules.Entry) error {
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
