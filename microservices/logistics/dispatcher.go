package logistics

import (
	"context"
	"errors"
	"figlab/internal/process"
	"figlab/microservices/platform/store"
	"figlab/microservices/platform/wire"
	"figlab/shop"
	"sync"
	"time"

	rules "figlab/shop/logistics"
)

const (
	atOnce = 8 // shipments that are claimed in one transaction, booked side by side, and written in another
	// lookAgain finds what another replica has made due, mostly before its time has come, and what a failed booking has left.
	lookAgain = 500 * time.Millisecond
	postpone  = time.Minute // a shipment that the carrier refuses, so that it does not stand in the way of the others
)

// dispatcher returns the part that books due shipments at the carrier. It sleeps until the next one is due, or until one becomes so.
func (l *Logistics) dispatcher() process.Part {
	return process.Part{Name: "dispatcher", Run: func(ctx context.Context) error {
		for ctx.Err() == nil {
			next, err := l.dispatch(ctx)
			if err != nil && ctx.Err() == nil {
				l.deps.Log.WarnContext(ctx, "shipments wait", "error", err.Error())
			}
			timer := time.NewTimer(next)
			select {
			case <-timer.C:
			case <-l.planned:
			case <-ctx.Done():
			}
			timer.Stop()
		}
		return nil
	}}
}

// dispatch books everything that is due, and returns how long to sleep. When a booking fails the carrier or the database is away: it will
// be so for the next ones too.
func (l *Logistics) dispatch(ctx context.Context) (time.Duration, error) {
	var refusals error
	for {
		ids, next, err := due(l.db.Read(ctx), store.Micros(l.deps.Now()))
		if err != nil {
			return lookAgain, errors.Join(refusals, err)
		}
		if len(ids) == 0 {
			return l.until(next), refusals
		}
		err = l.carry(ctx, ids)
		if err != nil && !errors.Is(err, errRefused) {
			return lookAgain, errors.Join(refusals, err)
		}
		refusals = errors.Join(refusals, err)
	}
}

// until is how long to sleep when the next shipment is due at a time.
func (l *Logistics) until(next int64) time.Duration {
	if next == 0 {
		return lookAgain
	}
	return min(lookAgain, max(store.Time(next).Sub(l.deps.Now()), time.Millisecond))
}

// An answer is what became of asking the carrier to take a shipment.
type answer struct {
	reference string
	err       error
}

// carry claims some shipments, books them, and writes what the carrier has said. A crash after the claim is followed by the same steps
// again: the carrier knows the keys. It returns errRefused when nothing but refusals went wrong.
func (l *Logistics) carry(ctx context.Context, ids []string) error {
	var claimed []Shipment
	err := l.db.Write(ctx, func(tx *store.Tx) (err error) {
		if claimed, err = lockPending(tx, ids); err != nil || len(claimed) == 0 {
			return err
		}
		return setClaimed(tx, ids)
	})
	if err != nil || len(claimed) == 0 {
		return err
	}
	said := make(map[string]answer, len(claimed))
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, s := range claimed {
		all.Go(func() {
			a := l.book(ctx, s)
			mu.Lock()
			defer mu.Unlock()
			said[s.ID] = a
		})
	}
	all.Wait()
	err = l.db.Write(ctx, func(tx *store.Tx) error { return l.settle(tx, ids, said) })
	return errors.Join(failure(said), err)
}

func (l *Logistics) book(ctx context.Context, s Shipment) (a answer) {
	var to shop.Address
	if a.err = wire.Decode(s.Address, &to); a.err == nil {
		a.reference, a.err = l.carrier.book(ctx, s, to.Country)
	}
	return a
}

// settle writes what the carrier has taken, and puts off what it refuses.
func (l *Logistics) settle(tx *store.Tx, ids []string, said map[string]answer) error {
	rows, err := lockPending(tx, ids)
	if err != nil {
		return err
	}
	var booked []Shipment
	for _, s := range rows {
		a, asked := said[s.ID]
		switch {
		case asked && a.err == nil:
			s.Reference = a.reference
			s = l.become(s, rules.Booked)
			booked = append(booked, s)
		case errors.Is(a.err, errRefused):
			s.Due = store.Micros(l.deps.Now().Add(postpone))
		default:
			continue
		}
		if err := save(tx, s); err != nil {
			return err
		}
	}
	if len(booked) == 0 {
		return nil
	}
	return l.tell(tx, booked...)
}

// failure returns what went wrong: a failure before all refusals.
func failure(said map[string]answer) error {
	var refusals error
	for _, a := range said {
		switch {
		case a.err == nil:
		case !errors.Is(a.err, errRefused):
			return a.err
		default:
			refusals = errors.Join(refusals, a.err)
		}
	}
	return refusals
}
