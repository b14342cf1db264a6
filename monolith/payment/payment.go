package payment

import (
	"context"
	"errors"
	"figlab/internal/process"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/outbox"
	"figlab/shop"
	"fmt"
	"iter"

	"gorm.io/gorm"

	notices "figlab/shop/notification"
	rules "figlab/shop/payment"
)

// A Module of the monolith.
type Module struct {
	db       *db.DB
	out      outbox.Outbox
	messages messages
	provider provider
	deps     process.Deps
}

// New returns the module. url is where the payment provider is.
func New(d *db.DB, out outbox.Outbox, m messages, url string, deps process.Deps) (*Module, error) {
	p, err := dial(url, deps)
	if err != nil {
		return nil, err
	}
	return &Module{d, out, m, p, deps}, nil
}

// Intend writes that an order is to be paid, in the caller's transaction. Charging comes after the commit.
func (m *Module) Intend(tx *db.Tx, order shop.OrderID, user shop.UserID, amount shop.Money, token string) (shop.PaymentID, error) {
	now := db.Micros(m.deps.Now())
	r := row{
		ID: m.deps.IDs.New(), OrderID: string(order), UserID: string(user), State: string(rules.Initiated),
		Amount: amount.Amount, Currency: string(amount.Currency), Token: token, Version: 1, Created: now, Updated: now,
	}
	if err := tx.Create(&r).Error; err != nil {
		return "", fmt.Errorf("intend payment: %w", err)
	}
	return shop.PaymentID(r.ID), m.tell(tx, r)
}

// Charge asks the provider for the money of a payment, outside any transaction. What the provider refuses for good was not captured. An
// error means that the outcome is not known: ask again.
func (m *Module) Charge(ctx context.Context, id shop.PaymentID) (captured bool, err error) {
	r, err := find(m.db.Read(ctx), id)
	if err != nil {
		return false, err
	}
	captured, err = m.provider.charge(ctx, r.ID, r.money(r.Amount), r.Token)
	if errors.Is(err, errRefused) {
		m.deps.Log.WarnContext(ctx, "charge is refused for good", "payment", r.ID, "order", r.OrderID, "error", err.Error())
		return false, nil
	}
	return captured, err
}

// Settle writes the provider's answer, in the caller's transaction. It acts once: a payment that is no longer initiated stays as it is.
func (m *Module) Settle(tx *db.Tx, id shop.PaymentID, captured bool) error {
	r, err := find(tx.Locking(), id)
	if err != nil || r.State != string(rules.Initiated) {
		return err
	}
	r.State, r.Updated = string(rules.Declined), db.Micros(m.deps.Now())
	if captured {
		r.State = string(rules.Captured)
		if err := book(tx, "capture:"+r.ID, rules.CaptureEntries(r.money(r.Amount))); err != nil {
			return err
		}
	}
	return m.save(tx, r)
}

// save writes a change and tells of it.
func (m *Module) save(tx *db.Tx, r row) error {
	r.Version++
	if err := tx.Save(&r).Error; err != nil {
		return fmt.Errorf("save payment: %w", err)
	}
	return m.tell(tx, r)
}

// IntendRefund books that an amount goes back, in the caller's transaction, and returns the refund's id for FinishRefund, which carries it
// out. A zero amount means all that is left; when nothing is, there is no refund and no id.
func (m *Module) IntendRefund(tx *db.Tx, id shop.PaymentID, amount shop.Money, key string) (refund string, err error) {
	r, err := find(tx.Locking(), id)
	if err != nil {
		return "", err
	}
	if amount == (shop.Money{}) {
		amount = r.payment().Left()
		if amount.Amount == 0 {
			return "", nil
		}
	}
	after, err := r.payment().Refund(amount)
	if err != nil {
		return "", err
	}
	now := db.Micros(m.deps.Now())
	booked := refundRow{ID: m.deps.IDs.New(), PaymentID: r.ID, Key: key, Amount: amount.Amount, Created: now}
	if err := tx.Create(&booked).Error; err != nil {
		return "", fmt.Errorf("intend refund: %w", err)
	}
	if err := book(tx, "refund:"+booked.ID, rules.RefundEntries(amount)); err != nil {
		return "", err
	}
	r.State, r.Refunded, r.Updated = string(after.State), after.Refunded.Amount, now
	if err := m.save(tx, r); err != nil {
		return "", err
	}
	user, order := shop.UserID(r.UserID), shop.OrderID(r.OrderID)
	return booked.ID, m.messages.Tell(tx, user, notices.PaymentRefunded, booked.ID, order, amount)
}

// FinishRefund has the provider carry out what IntendRefund booked. It may be called any number of times.
func (m *Module) FinishRefund(ctx context.Context, refund string) error {
	var r refundRow
	if err := m.db.Read(ctx).Take(&r, "id = ?", refund).Error; err != nil {
		return fmt.Errorf("read refund: %w", err)
	}
	if r.Done {
		return nil
	}
	p, err := find(m.db.Read(ctx), shop.PaymentID(r.PaymentID))
	if err != nil {
		return err
	}
	if err := m.provider.refund(ctx, r.ID, r.PaymentID, p.money(r.Amount)); err != nil {
		return err
	}
	return m.db.Write(ctx, func(tx *db.Tx) error {
		return tx.Model(&refundRow{}).Where("id = ?", r.ID).Update("done", true).Error
	})
}

// refund gives money back once per key; replayed says that it was decided before.
func (m *Module) refund(ctx context.Context, id shop.PaymentID, amount shop.Money, key string) (r row, replayed bool, err error) {
	var booked string
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		if r, err = find(tx.Locking(), id); err != nil {
			return err
		}
		before, seen, err := decided(tx.DB, id, key)
		if err != nil {
			return err
		}
		if replayed = seen; seen {
			if booked = before.ID; r.money(before.Amount) != amount {
				return shop.ErrKeyReused
			}
			return nil
		}
		if booked, err = m.IntendRefund(tx, id, amount, key); err != nil {
			return err
		}
		r, err = find(tx.DB, id)
		return err
	})
	if err != nil {
		return row{}, false, fmt.Errorf("refund: %w", err)
	}
	if err := m.FinishRefund(ctx, booked); err != nil {
		m.deps.Log.WarnContext(ctx, "refund is booked and will be carried out later", "payment", string(id), "error", err.Error())
	}
	return r, replayed, nil
}

// Unfinished is something that was begun: a payment nobody knows the outcome of, or a refund to be carried out.
type Unfinished struct {
	ID     string       // of the payment or the refund
	Order  shop.OrderID // of a payment
	Refund bool

	created int64
}

// Open yields what was begun and not finished before a time, payments first, the oldest first. It reads page by page, so that what is
// yielded may be finished meanwhile. It ends with the first error.
func (m *Module) Open(ctx context.Context, before int64) iter.Seq2[Unfinished, error] {
	return func(yield func(Unfinished, error) bool) {
		for _, read := range []func(*gorm.DB, int64, Unfinished) ([]Unfinished, error){openPayments, openRefunds} {
			var last Unfinished
			for more := true; more; {
				page, err := read(m.db.Read(ctx), before, last)
				if err != nil {
					yield(Unfinished{}, fmt.Errorf("look for open payments: %w", err))
					return
				}
				for _, last = range page {
					if !yield(last, nil) {
						return
					}
				}
				more = len(page) == openPage
			}
		}
	}
}

// ofOrder returns the payments of one of the user's orders.
func (m *Module) ofOrder(ctx context.Context, user shop.UserID, order shop.OrderID) (rows []row, err error) {
	err = m.db.Read(ctx).Where("order_id = ? AND user_id = ?", order, user).Order("id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list payments: %w", err)
	}
	return rows, nil
}

func (m *Module) tell(tx *db.Tx, r row) error {
	return m.out.Append(tx, outbox.Change{
		Capability: shop.Payment, Type: "payment-changed", Key: r.ID, Version: r.Version, Data: toWire(r),
	})
}
