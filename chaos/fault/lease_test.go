package fault_test

import (
	"context"
	"errors"
	"figlab/chaos/fault"
	"figlab/chaos/link"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

const rtt = time.Millisecond

// A wire is a target in virtual time. Its knobs say how it fails to do what it is told.
type wire struct {
	dull      bool  // toxics do nothing
	stuck     bool  // healing does nothing
	broken    bool  // nobody answers
	wedged    error // what healing returns
	refuse    error // what adding returns, after it has been done
	onAdd     func()
	mu        sync.Mutex
	delay     time.Duration
	down      bool
	heals     int
	bytes     int64
	connected int64
}

func (w *wire) ID() string { return "order->payment" }

func (w *wire) Counts() link.Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	return link.Counts{BytesUp: w.bytes, BytesDown: w.bytes, Connections: w.connected}
}

// state is for reading while a lease may be acting.
func (w *wire) state() (down bool, heals int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.down, w.heals
}

func (w *wire) traffic() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bytes += 100
	w.connected++
}

func (w *wire) Add(_ context.Context, t link.Toxic) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.dull {
		w.delay = time.Duration(t.Attributes["latency"].(int64)) * time.Millisecond
	}
	if w.onAdd != nil {
		w.onAdd()
	}
	return w.refuse
}

func (w *wire) Down(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = !w.dull
	return nil
}

func (w *wire) Heal(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heals++
	if !w.stuck && w.wedged == nil {
		w.delay, w.down = 0, false
	}
	return w.wedged
}

func (w *wire) Probe(ctx context.Context) (time.Duration, error) {
	w.mu.Lock()
	took, down, broken := rtt+w.delay, w.down, w.broken
	w.mu.Unlock()
	if down {
		return 0, syscall.ECONNREFUSED
	}
	if broken {
		return 0, errors.New("nobody answers")
	}
	select {
	case <-time.After(took):
		return took, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func slow() fault.Fault {
	return &fault.Latency{Delay: 300 * time.Millisecond, Stream: "downstream"}
}

func inject(t *testing.T, f fault.Fault, on fault.Target) *fault.Lease {
	t.Helper()
	l, err := f.Inject(t.Context(), on)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestActedNeedsProof: an effect without traffic is no proof, traffic without an effect neither, nor one that was gone before its time.
func TestActedNeedsProof(t *testing.T) {
	for name, c := range map[string]struct {
		fault fault.Fault
		wire  *wire
		run   func(*wire)
		acted bool
	}{
		"latency":                     {fault: slow(), run: (*wire).traffic, acted: true},
		"latency, no traffic":         {fault: slow(), run: func(*wire) {}},
		"latency, no effect":          {fault: slow(), wire: &wire{dull: true}, run: (*wire).traffic},
		"latency, healed by others":   {fault: slow(), run: func(w *wire) { w.traffic(); _ = w.Heal(context.Background()) }},
		"latency, the callee is gone": {fault: slow(), run: func(w *wire) { w.traffic(); w.broken = true }, acted: true},
		"down":                        {fault: &fault.Down{}, run: func(*wire) {}, acted: true},
		"down, no effect":             {fault: &fault.Down{}, wire: &wire{dull: true}, run: func(*wire) {}},
		"down, healed by others":      {fault: &fault.Down{}, run: func(w *wire) { _ = w.Heal(context.Background()) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := c.wire
				if w == nil {
					w = &wire{}
				}
				l := inject(t, c.fault, w)
				c.run(w)
				err := l.Heal(t.Context())
				if l.Acted() != c.acted {
					t.Errorf("acted: %t, want %t: %v", l.Acted(), c.acted, l.Evidence())
				}
				if l.Undone() != (err == nil) || l.Undone() == w.broken {
					t.Errorf("undone: %t, healing says %v", l.Undone(), err)
				}
			})
		})
	}
}

func TestLeaseEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		ctx, cancel := context.WithCancel(t.Context())
		l, err := (&fault.Down{}).Inject(ctx, w)
		if err != nil {
			t.Fatal(err)
		}
		cancel() // the holder is gone
		time.Sleep(fault.TTL - time.Second)
		synctest.Wait()
		if down, _ := w.state(); l.Undone() || !down {
			t.Fatal("the lease ended before its time")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if down, heals := w.state(); !l.Undone() || !l.Expired() || down || heals != 1 {
			t.Fatalf("undone %t, expired %t, down %t, heals %d", l.Undone(), l.Expired(), down, heals)
		}
		<-l.Done()
		err = l.Heal(t.Context())
		if _, heals := w.state(); err != nil || heals != 1 {
			t.Errorf("healed again: %v, %d heals", err, heals)
		}
		if held := l.Evidence()["held_ms"]; held < 59_000 || held > 62_000 {
			t.Errorf("held for %.0f ms", held)
		}
	})
}

func TestRenewedLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inject(t, &fault.Down{}, &wire{})
		l.Renew(2 * fault.TTL)
		time.Sleep(2*fault.TTL - time.Second)
		synctest.Wait()
		if l.Expired() {
			t.Fatal("the lease was renewed and ended all the same")
		}
		l.Renew(10 * time.Second)
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if !l.Expired() || !l.Undone() {
			t.Error("a renewed lease never ends")
		}
	})
}

func TestHealedLeaseNeverExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		l := inject(t, slow(), w)
		var healing sync.WaitGroup
		for range 3 {
			healing.Go(func() {
				if err := l.Heal(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		healing.Wait()
		seen := l.Evidence()
		w.traffic() // after the fault: no evidence
		l.Renew(time.Second)
		time.Sleep(2 * fault.TTL)
		synctest.Wait()
		if w.heals != 1 || l.Expired() || l.Acted() || len(seen) == 0 {
			t.Errorf("%d heals, expired %t, acted %t", w.heals, l.Expired(), l.Acted())
		}
	})
}

// TestHealIsVerified: a heal that does nothing is no undoing, and it may be tried again.
func TestHealIsVerified(t *testing.T) {
	for _, f := range []fault.Fault{slow(), &fault.Down{}} {
		t.Run(f.Kind(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{stuck: true}
				l := inject(t, f, w)
				start := time.Now()
				if err := l.Heal(t.Context()); !errors.Is(err, fault.ErrNotUndone) || l.Undone() {
					t.Fatalf("undone %t: %v", l.Undone(), err)
				}
				if took := time.Since(start); took > 10*time.Second {
					t.Errorf("it took %s to find out", took)
				}
				w.delay, w.down = 0, false
				if err := l.Heal(t.Context()); err != nil || !l.Undone() || w.heals != 1 {
					t.Errorf("undone %t after %d heals: %v", l.Undone(), w.heals, err)
				}
			})
		})
	}
}

func TestHealOfAnEndedRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		l := inject(t, &fault.Down{}, w)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := l.Heal(ctx); err == nil || w.down {
			t.Errorf("still down: %t; nobody can have verified that: %v", w.down, err)
		}
		if err := l.Heal(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestWedgeIsPassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{wedged: link.ErrWedged}
		l := inject(t, &fault.Down{}, w)
		if err := l.Heal(t.Context()); !errors.Is(err, link.ErrWedged) || l.Undone() {
			t.Errorf("undone %t: %v", l.Undone(), err)
		}
		w.wedged = nil
		if err := l.Heal(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestInjectOrNothing: without a baseline nothing is broken, and what was broken for a holder who is gone is healed.
func TestInjectOrNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{broken: true}
		if _, err := (&fault.Down{}).Inject(t.Context(), w); err == nil || w.down {
			t.Errorf("no baseline: down %t, %v", w.down, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		w = &wire{onAdd: cancel}
		if _, err := slow().Inject(ctx, w); !errors.Is(err, context.Canceled) || w.delay != 0 {
			t.Errorf("the holder is gone: delay %s, %v", w.delay, err)
		}
		w = &wire{refuse: link.ErrWedged}
		if _, err := slow().Inject(t.Context(), w); !errors.Is(err, link.ErrWedged) || w.delay != 0 {
			t.Errorf("half injected: delay %s, %v", w.delay, err)
		}
	})
}
