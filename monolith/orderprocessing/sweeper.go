package orderprocessing

import (
	"context"
	"figlab/internal/process"
	"figlab/monolith/payment"
	"figlab/monolith/platform/db"
	"figlab/shop"
	"maps"
	"sync"
	"time"
)

// Sweeping finishes what was begun and left: a crash, or a provider that did not answer. At the start everything open is picked up;
// afterwards only what is older than a request may take. What fails again waits longer each time: a provider that is down is not beaten,
// and one payment that never comes right costs the others nothing.
const (
	sweepEvery   = time.Second
	sweepAge     = 5 * time.Second
	sweepAtOnce  = 8
	longestPause = 15 * time.Second
)

// Sweeper returns the part that resolves open payments and refunds, under the keys they were begun with.
func (m *Module) Sweeper() process.Part {
	return process.Part{Name: "sweeper", Run: func(ctx context.Context) error {
		s := sweeper{Module: m, pauses: map[string]pause{}}
		look := time.NewTicker(sweepEvery)
		defer look.Stop()
		for age := time.Duration(0); ; age = sweepAge {
			s.round(ctx, db.Micros(m.deps.Now().Add(-age)))
			select {
			case <-look.C:
			case <-ctx.Done():
				return nil
			}
		}
	}}
}

// A sweeper goes round by round. A round hands each open thing to one worker and ends with the last of them: nothing is ever worked on
// twice at once.
type sweeper struct {
	*Module
	pauses map[string]pause // of what has failed and is still open

	mu     sync.Mutex
	failed map[string]pause // in this round
}

// A pause is how long something that failed is left alone.
type pause struct {
	until time.Time
	long  time.Duration
}

// round tries whatever is open and not in its pause.
func (s *sweeper) round(ctx context.Context, before int64) {
	s.failed = map[string]pause{}
	work := make(chan payment.Unfinished)
	var workers sync.WaitGroup
	for range sweepAtOnce {
		workers.Go(func() {
			for u := range work {
				if err := s.finish(ctx, u); err != nil {
					s.postpone(ctx, u.ID, err)
				}
			}
		})
	}
	waiting, err := s.hand(ctx, work, before)
	close(work)
	workers.Wait()
	if err != nil {
		s.warn(ctx, err)
		waiting = s.pauses // not everything was seen: nothing is forgotten
	}
	maps.Copy(waiting, s.failed)
	s.pauses = waiting
}

// hand gives the workers what is due, and returns the pauses of the rest. Pauses of what is no longer open are forgotten with that.
func (s *sweeper) hand(ctx context.Context, work chan<- payment.Unfinished, before int64) (waiting map[string]pause, err error) {
	waiting = map[string]pause{}
	for u, err := range s.ask.Payments.Open(ctx, before) {
		if err != nil {
			return nil, err
		}
		if p, ok := s.pauses[u.ID]; ok && s.deps.Now().Before(p.until) {
			waiting[u.ID] = p
			continue
		}
		select {
		case work <- u:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return waiting, nil
}

func (s *sweeper) finish(ctx context.Context, u payment.Unfinished) error {
	if u.Refund {
		return s.ask.Payments.FinishRefund(ctx, u.ID)
	}
	_, err := s.Settle(ctx, u.Order, shop.PaymentID(u.ID))
	return err
}

// postpone makes something wait twice as long as the last time.
func (s *sweeper) postpone(ctx context.Context, id string, err error) {
	s.warn(ctx, err)
	long := min(max(2*s.pauses[id].long, sweepEvery), longestPause) // nobody writes pauses during a round
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed[id] = pause{s.deps.Now().Add(long), long}
}

func (s *sweeper) warn(ctx context.Context, err error) {
	if ctx.Err() == nil {
		s.deps.Log.WarnContext(ctx, "not resolved yet", "error", err.Error())
	}
}
