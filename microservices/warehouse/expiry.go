package warehouse

import (
	"context"
	"errors"
	"figlab/internal/process"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
	"time"

	rules "figlab/shop/warehouse"
)

// lookEvery is not longer than the shortest reservation, so that each is seen before its time is over, whichever replica has made it.
const lookEvery = time.Second

// expirer returns the part that ends reservations whose time is over. It sleeps until the next one is due.
func (w *Warehouse) expirer() process.Part {
	return process.Part{Name: "expirer", Run: func(ctx context.Context) error {
		for ctx.Err() == nil {
			wait, err := w.expire(ctx)
			if err != nil && ctx.Err() == nil {
				w.deps.Log.WarnContext(ctx, "reservations outlive their time", "error", err.Error())
			}
			_ = process.Pause(ctx, wait) // the loop looks at ctx
		}
		return nil
	}}
}

// expire ends what is over, each in a transaction of its own, and returns how long to sleep. One that cannot be ended does not keep the
// others.
func (w *Warehouse) expire(ctx context.Context) (time.Duration, error) {
	next, err := soonest(w.db.Read(ctx))
	if err != nil {
		return lookEvery, err
	}
	var failures error
	for _, r := range next {
		if wait := store.Time(r.Expires).Sub(w.deps.Now()); wait > 0 {
			return min(wait, lookEvery), failures
		}
		failures = errors.Join(failures, w.endOver(ctx, shop.OrderID(r.OrderID)))
	}
	if len(next) == batch && failures == nil {
		return 0, nil // there may be more
	}
	return lookEvery, failures
}

// endOver ends one reservation, unless it was kept or ended meanwhile.
func (w *Warehouse) endOver(ctx context.Context, order shop.OrderID) error {
	err := w.db.Write(ctx, func(tx *store.Tx) error {
		r, err := find(tx.Locking(), order)
		if err != nil || r.State != held {
			return err
		}
		if r, err = w.end(tx, r, rules.Released); err != nil {
			return err
		}
		return w.out.Append(tx, reservationExpired(r))
	})
	if err != nil {
		return fmt.Errorf("end the reservation of order %s: %w", order, err)
	}
	return nil
}
