package orderprocessing

import (
	"context"
	"errors"
	"figlab/internal/process"
	"figlab/monolith/payment"
	"figlab/monolith/platform/outbox"
	"figlab/shop"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// errDown is what a provider that is down comes to.
var errDown = errors.New("nobody knows")

// down are payments that nobody answers for: each call takes a while and then fails. It keeps when each was asked about.
type down struct {
	payments
	open []payment.Unfinished
	long time.Duration // a call takes
	lost error         // in the middle of looking for what is open

	mu    sync.Mutex
	asked map[string][]time.Time
	now   map[string]bool
	most  int
	twice bool
}

func (d *down) Open(context.Context, int64) iter.Seq2[payment.Unfinished, error] {
	return func(yield func(payment.Unfinished, error) bool) {
		for i, u := range d.open {
			if d.lost != nil && i == len(d.open)/2 {
				yield(payment.Unfinished{}, d.lost)
				return
			}
			if !yield(u, nil) {
				return
			}
		}
	}
}

func (d *down) Charge(ctx context.Context, id shop.PaymentID) (bool, error) {
	return false, d.FinishRefund(ctx, string(id))
}

func (d *down) FinishRefund(ctx context.Context, id string) error {
	d.mu.Lock()
	d.twice = d.twice || d.now[id]
	d.now[id], d.asked[id] = true, append(d.asked[id], time.Now())
	d.most = max(d.most, len(d.now))
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		delete(d.now, id)
		d.mu.Unlock()
	}()
	timer := time.NewTimer(d.long)
	defer timer.Stop()
	select {
	case <-timer.C:
		return errDown
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sweeping runs a sweeper over n open things, every third a refund, for a while and returns how long it took to stop.
func sweeping(t *testing.T, d *down, n int, while time.Duration) time.Duration {
	t.Helper()
	d.asked, d.now = map[string][]time.Time{}, map[string]bool{}
	for i := range n {
		d.open = append(d.open, payment.Unfinished{ID: fmt.Sprintf("open-%03d", i), Refund: i%3 == 0})
	}
	m := New(nil, outbox.Outbox{}, Siblings{Payments: d}, nil, process.Deps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Sweeper().Run(ctx) }()
	time.Sleep(while)
	cancel()
	begun := time.Now()
	if err := <-done; err != nil {
		t.Error(err)
	}
	return time.Since(begun)
}

// TestBoundedAtOnce: a slow provider is asked about eight at a time, never twice about the same one, and a sweeper that is stopped in the
// middle stops at once.
func TestBoundedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := down{long: 2 * time.Second}
		const n = 400
		begun := time.Now()
		stopped := sweeping(t, &d, n, 150*time.Second)
		if len(d.asked) != n || d.most != sweepAtOnce || d.twice {
			t.Errorf("%d of %d were asked about, %d at once, one of them twice: %v", len(d.asked), n, d.most, d.twice)
		}
		for id, at := range d.asked {
			if first := at[0].Sub(begun); first > n/sweepAtOnce*d.long {
				t.Errorf("%s was asked about after %s", id, first)
			}
		}
		if stopped > time.Second {
			t.Errorf("stopped after %s", stopped)
		}
	})
}

// TestGrowingPause: a provider that is down is asked about a payment more and more rarely, also when the database does not always answer.
func TestGrowingPause(t *testing.T) {
	for name, lost := range map[string]error{"": nil, "with a database that fails": errDown} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := down{long: time.Millisecond, lost: lost}
				sweeping(t, &d, 2, time.Minute)
				at := d.asked["open-000"]
				var pauses []time.Duration
				for i := 1; i < len(at); i++ {
					pauses = append(pauses, at[i].Sub(at[i-1]).Round(time.Second))
				}
				want := []time.Duration{1, 2, 4, 8, 15, 15}
				for i := range want {
					want[i] *= time.Second
				}
				// What is due is found at the next look: a pause may last one look longer.
				late := func(got, want time.Duration) bool { return got == want || got == want+sweepEvery }
				if !slices.EqualFunc(pauses, want, late) {
					t.Errorf("asked again after %v, want %v", pauses, want)
				}
			})
		})
	}
}

// TestPauseIsForgotten: what is no longer open leaves nothing behind.
func TestPauseIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := down{asked: map[string][]time.Time{}, now: map[string]bool{}, open: []payment.Unfinished{{ID: "open-000", Refund: true}}}
		m := New(nil, outbox.Outbox{}, Siblings{Payments: &d}, nil, process.Deps{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		s := sweeper{Module: m, pauses: map[string]pause{}}
		s.round(t.Context(), 0)
		if len(s.pauses) != 1 {
			t.Errorf("after a failure: %v", s.pauses)
		}
		d.open = nil
		s.round(t.Context(), 0)
		if len(s.pauses) != 0 {
			t.Errorf("with nothing open: %v", s.pauses)
		}
	})
}
