package payment

import (
	"context"
	"errors"
	"figlab/api/internalapi"
	"figlab/internal/process"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
	"time"

	rules "figlab/shop/payment"
)

// orderKey decides the refund of an order that was cancelled or could not be carried out. It is shorter than any key a caller may choose.
const orderKey = "cancel"

// refundOrder books that all that is left of an order's money goes back, once however often it is called, and has the provider carry it
// out if it answers; else that comes later. An order whose money was never taken has nothing to give back; one of which that is not known
// yet must not be told so.
func (p *Payment) refundOrder(ctx context.Context, order shop.OrderID) (r row, err error) {
	var booked string
	err = p.db.Write(ctx, func(tx *store.Tx) error {
		if r, err = ofOrder(tx.Locking(), order); err != nil {
			return err
		}
		switch rules.State(r.State) {
		case rules.Captured:
		case rules.Initiated:
			return rules.ErrNotCaptured
		default:
			return nil
		}
		if _, seen, err := decided(tx.DB, r.ID, orderKey); err != nil || seen {
			return err
		}
		booked, err = p.bookRefund(tx, &r, r.payment().Left(), orderKey)
		return err
	})
	if err != nil {
		return row{}, fmt.Errorf("refund order %s: %w", order, err)
	}
	p.finishSoon(ctx, booked)
	return r, nil
}

// refund gives money back once per key; replayed says that it was decided before.
func (p *Payment) refund(ctx context.Context, id shop.PaymentID, amount shop.Money, key string) (r row, replayed bool, err error) {
	var booked string
	err = p.db.Write(ctx, func(tx *store.Tx) error {
		if r, err = find(tx.Locking(), id); err != nil {
			return err
		}
		before, seen, err := decided(tx.DB, r.ID, key)
		if err != nil {
			return err
		}
		if replayed = seen; seen {
			if booked = before.ID; r.money(before.Amount) != amount {
				return shop.ErrKeyReused
			}
			return nil
		}
		booked, err = p.bookRefund(tx, &r, amount, key)
		return err
	})
	if err != nil {
		return row{}, false, fmt.Errorf("refund: %w", err)
	}
	p.finishSoon(ctx, booked)
	return r, replayed, nil
}

// bookRefund books an amount of a locked payment, and tells of it.
func (p *Payment) bookRefund(tx *store.Tx, r *row, amount shop.Money, key string) (refund string, err error) {
	after, err := r.payment().Refund(amount)
	if err != nil {
		return "", err
	}
	now := store.Micros(p.deps.Now())
	booked := refundRow{ID: p.deps.IDs.New(), PaymentID: r.ID, Key: key, Amount: amount.Amount, Created: now}
	if err := tx.Create(&booked).Error; err != nil {
		return "", fmt.Errorf("book refund: %w", err)
	}
	if err := book(tx, "refund:"+booked.ID, rules.RefundEntries(amount)); err != nil {
		return "", err
	}
	r.State, r.Refunded, r.Updated = string(after.State), after.Refunded.Amount, now
	if err := p.save(tx, r); err != nil {
		return "", err
	}
	return booked.ID, p.out.Append(tx, outbox.Change{
		Type: "payment-refunded", Key: booked.ID, Version: 1, User: r.UserID,
		Data: internalapi.BookedRefund{
			RefundId: booked.ID, PaymentId: r.ID, OrderId: r.OrderID, Amount: amount.Amount, Currency: string(amount.Currency),
		},
	})
}

// finishSoon carries a refund out now if the provider answers.
func (p *Payment) finishSoon(ctx context.Context, refund string) {
	if refund == "" {
		return
	}
	if err := p.finish(ctx, refund); err != nil {
		p.deps.Log.WarnContext(ctx, "refund is booked and will be carried out later", "refund", refund, "error", err.Error())
	}
}

// finish has the provider carry out what was booked. It may be called any number of times.
func (p *Payment) finish(ctx context.Context, refund string) error {
	var r refundRow
	if err := p.db.Read(ctx).Take(&r, "id = ?", refund).Error; err != nil {
		return fmt.Errorf("read refund: %w", err)
	}
	if r.Done {
		return nil
	}
	paid, err := find(p.db.Read(ctx), shop.PaymentID(r.PaymentID))
	if err != nil {
		return err
	}
	if err := p.provider.refund(ctx, r.ID, r.PaymentID, paid.money(r.Amount)); err != nil {
		return err
	}
	return p.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		return tx.Model(&refundRow{}).Where("id = ?", r.ID).Update("done", true).Error
	})
}

// The refunder finishes what the provider did not answer, or a crash left: it looks every second for what is older than a request may take.
const (
	lookEvery    = time.Second
	lookAge      = 5 * time.Second
	longestPause = 15 * time.Second
)

func (p *Payment) refunder() process.Part {
	return process.Part{Name: "refunder", Run: func(ctx context.Context) error {
		pauses := pauses{}
		for age := time.Duration(0); ; age = lookAge {
			now := p.deps.Now()
			left, err := openRefunds(p.db.Read(ctx), store.Micros(now.Add(-age)))
			for _, id := range left {
				if pauses.resting(id, now) {
					continue
				}
				if failed := p.finish(ctx, id); failed != nil {
					pauses.longer(id, p.deps.Now()) // a provider that hangs has taken its time
					err = errors.Join(err, failed)
				}
			}
			if err != nil && ctx.Err() == nil {
				p.deps.Log.WarnContext(ctx, "refunds wait", "error", err.Error())
			}
			pauses.forget(left)
			if process.Pause(ctx, lookEvery) != nil {
				return nil //nolint:nilerr // that it is stopped is no failure
			}
		}
	}}
}
