package orderprocessing

import (
	"context"
	"figlab/internal/process"
	"figlab/monolith/platform/db"
	"figlab/shop"
	"time"
)

// Sweeping finishes what was begun and left: a crash, or a provider that did not answer. At the start everything open is picked up;
// afterwards only what is older than a request may take.
const (
	sweepEvery = time.Second
	sweepAge   = 5 * time.Second
)

// Sweeper returns the part that resolves open payments and refunds, under the keys they were begun with.
func (m *Module) Sweeper() process.Part {
	return process.Part{Name: "sweeper", Run: func(ctx context.Context) error {
		look := time.NewTicker(sweepEvery)
		defer look.Stop()
		for age := time.Duration(0); ; age = sweepAge {
			m.sweep(ctx, db.Micros(m.deps.Now().Add(-age)))
			select {
			case <-look.C:
			case <-ctx.Done():
				return nil
			}
		}
	}}
}

func (m *Module) sweep(ctx context.Context, before int64) {
	orders, refunds, err := m.ask.Payments.Open(ctx, before)
	if err != nil {
		m.warn(ctx, err)
		return
	}
	for _, id := range orders {
		if err := m.resolve(ctx, id); err != nil {
			m.warn(ctx, err)
		}
	}
	for _, id := range refunds {
		if err := m.ask.Payments.FinishRefund(ctx, id); err != nil {
			m.warn(ctx, err)
		}
	}
}

func (m *Module) resolve(ctx context.Context, id shop.OrderID) error {
	var payment shop.PaymentID
	err := m.db.Write(ctx, func(tx *db.Tx) error {
		o, err := m.ask.Orders.Load(tx, id)
		payment = o.Payment
		return err
	})
	if err != nil {
		return err
	}
	_, err = m.Settle(ctx, id, payment)
	return err
}

func (m *Module) warn(ctx context.Context, err error) {
	if ctx.Err() == nil {
		m.deps.Log.WarnContext(ctx, "not resolved yet", "error", err.Error())
	}
}
