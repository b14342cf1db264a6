package call

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// never is a breaker that does not open.
type never struct {
	circuitbreaker.CircuitBreaker[any]
}

func (never) TryAcquirePermit() bool { return true }
func (never) RecordFailure()         {}
func (never) Open()                  {}

// TestBreakerSteps: half of the last twenty open it, five in a row when there is little traffic; after a second one call finds out.
func TestBreakerSteps(t *testing.T) {
	for name, c := range map[string]struct {
		results string // s: success, f: failure, c: cut, .: a second passes
		want    string // c, o, h after each
	}{
		"five in a row at the beginning": {"ffffsfffff", "ccccccccco"},
		"cuts are nothing":               {"ffffccccf", "cccccccco"},
		"ten of twenty": {
			"ssssssssssssssssssss" + "fffffffff" + "f", "cccccccccccccccccccc" + "ccccccccc" + "o",
		},
		"a row that takes long":       {"ssssssssssssssssssss" + "ffff.f", "cccccccccccccccccccc" + "ccccco"},
		"late results do not count":   {"fffffssf", "ccccoooo"},
		"a probe that succeeds":       {"fffff.psffff", "ccccoohccccc"},
		"a probe that fails":          {"fffff.pff.ps", "ccccoohooohc"},
		"a probe that is given up":    {"fffff.pc.ps", "ccccoohoohc"},
		"others while there is one":   {"fffff.psfffff", "ccccoohccccco"},
		"late results beside a probe": {"fffff.pS", "ccccoohh"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newStand(t)
			b := newBreaker("catalog", s.o.Deps)
			probe := false
			for i, r := range c.results {
				now := time.Now()
				switch r {
				case 's':
					b.settle(good, probe, now)
					probe = false
				case 'S':
					b.settle(good, false, now)
				case 'f':
					b.settle(failed, probe, now)
					probe = false
				case 'c':
					b.settle(cut, probe, now)
					probe = false
				case 'p':
					var ok bool
					if ok, probe = b.allow(); !ok || !probe {
						t.Errorf("%s: no probe at %d", name, i)
					}
					if ok, _ := b.allow(); ok {
						t.Errorf("%s: a second probe at %d", name, i)
					}
				case '.':
					time.Sleep(time.Second)
				}
				if got := b.circuit.State().String()[0]; got != c.want[i] {
					t.Errorf("%s: %c after %q", name, got, c.results[:i+1])
				}
			}
		})
	}
}

// TestBreaker: a service that fails is left alone, and comes back; nothing is sent meanwhile. What the caller does wrong, or gives up, is no
// failure.
func TestBreaker(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	n := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
		if status.Load() == 0 {
			hangs(w, r)
			return
		}
		w.WriteHeader(int(status.Load()))
	})
	s := newStand(t, n.address)
	c := s.Client(policy(1))
	for range 6 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		time.AfterFunc(5*time.Millisecond, cancel)
		if _, err := ask(ctx, c, "GET", products, ""); code(err) != "unavailable cancelled" || !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	status.Store(404)
	for range 6 {
		_, _ = ask(t.Context(), c, "GET", products, "")
	}
	if x := s.counted(); x.Failures != 0 || x.BreakerState != "closed" {
		t.Errorf("%+v", x)
	}
	status.Store(500)
	for s.counted().BreakerState == "closed" && n.hits.Load() < 50 {
		_, _ = ask(t.Context(), c, "GET", products, "")
	}
	before := n.hits.Load()
	_, err := ask(t.Context(), c, "POST", products, "{}")
	if x := s.counted(); code(err) != "unavailable breaker-open" || !NotExecuted(err) || n.hits.Load() != before || x.BreakerOpened != 1 || before > 17 {
		t.Errorf("%v after %d, %+v", err, before, x)
	}
	if b := s.to().pool.Pick(); b.InFlight() != 1 {
		t.Errorf("%d under way", b.InFlight())
	}
	status.Store(200)
	time.Sleep(breakerRest)
	if got, err := ask(t.Context(), c, "POST", products, "{}"); got != 200 || s.counted().BreakerState != "closed" {
		t.Errorf("%d %v, %s", got, err, s.counted().BreakerState)
	}
}

// TestBulkhead: no more than so many are under way at once, and whoever comes then waits a moment.
func TestBulkhead(t *testing.T) {
	entered, proceed := make(chan struct{}, 9), make(chan struct{})
	s := newStand(t, serve(t, func(http.ResponseWriter, *http.Request) { entered <- struct{}{}; <-proceed }))
	p := policy(3)
	p.Bulkhead = 2
	c := s.Client(p)
	var all sync.WaitGroup
	call := func() {
		if status, err := ask(t.Context(), c, "GET", products, ""); status != 200 {
			t.Error(status, err)
		}
	}
	all.Go(call)
	all.Go(call)
	<-entered
	<-entered
	began := time.Now()
	_, err := ask(t.Context(), c, "POST", products, "{}")
	if took := time.Since(began); code(err) != "unavailable bulkhead-full" || !NotExecuted(err) || took < roomWait || s.counted().BulkheadFull != 1 {
		t.Errorf("%v after %s", err, took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := ask(ctx, c, "GET", products, ""); !errors.Is(err, context.Canceled) || s.counted().BulkheadFull != 1 {
		t.Errorf("given up while it waited: %v", err)
	}
	close(proceed)
	all.Wait()
}

// TestBulkheadWait: whoever comes when all places are taken gets one that becomes free in time.
func TestBulkheadWait(t *testing.T) {
	for after, want := range map[time.Duration]string{roomWait - 1: "", roomWait + 1: "unavailable bulkhead-full"} {
		synctest.Test(t, func(t *testing.T) {
			s := newStand(t, "a:1")
			s.transport = roundTrip(func(*http.Request) (*http.Response, error) {
				time.Sleep(after)
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
			})
			p := policy(1)
			p.Bulkhead = 1
			first := make(chan error)
			go func() {
				_, err := ask(t.Context(), s.Client(p), "GET", products, "")
				first <- err
			}()
			synctest.Wait()
			if _, err := ask(t.Context(), s.Client(p), "GET", products, ""); code(err) != want {
				t.Errorf("with a place after %s: %v", after, err)
			}
			if err := <-first; err != nil {
				t.Error(err)
			}
		})
	}
}
