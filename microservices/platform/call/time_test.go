package call

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestTimeout: the policy's time or what the caller has left, whichever is less, and it covers the body. It is a failure of the instance.
func TestTimeout(t *testing.T) {
	slow := serve(t, hangs)
	half := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, "half")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	for name, c := range map[string]struct {
		address       string
		timeout, left time.Duration
	}{
		"the policy's": {slow, 30 * time.Millisecond, time.Minute}, "the caller's": {slow, time.Minute, 30 * time.Millisecond},
		"the policy's, of the body": {half, 30 * time.Millisecond, time.Minute}, "the caller's, of the body": {half, time.Minute, 30 * time.Millisecond},
	} {
		s := newStand(t, c.address)
		ctx, cancel := context.WithTimeout(t.Context(), c.left)
		defer cancel()
		began := time.Now()
		_, err := ask(ctx, s.Client(Policy{To: "catalog", Timeout: c.timeout, Attempts: 3, Bulkhead: 1}), "GET", products, "")
		if took := time.Since(began); took < 25*time.Millisecond || took > 2*time.Second {
			t.Errorf("%s: it took %s", name, took)
		}
		if n := s.counted(); code(err) != "timeout timeout" || NotExecuted(err) || !errors.Is(err, context.DeadlineExceeded) ||
			n.Timeouts != 1 || n.Failures != 1 || n.Attempts != 1 || s.to().breaker.circuit.Metrics().Failures() != 1 {
			t.Errorf("%s: %v, %+v", name, err, n)
		}
		if !s.client(s.Declared()[0]).room.TryAcquirePermit() {
			t.Errorf("%s: its place was not given back", name)
		}
	}
}

// TestBodyOutlivesTheCall: an answer can be read at leisure, and holds its place until it has been.
func TestBodyOutlivesTheCall(t *testing.T) {
	proceed := make(chan struct{})
	s := newStand(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-proceed
		_, _ = fmt.Fprint(w, strings.Repeat("x", 100_000))
	}))
	p := policy(1)
	p.Bulkhead, p.Hedge = 1, time.Second
	answer, err := s.Client(p).Get(products)
	if err != nil {
		t.Fatal(err)
	}
	if s.client(p).room.TryAcquirePermit() {
		t.Error("its place was given back before it was read")
	}
	if b := s.to().pool.Pick(); b.InFlight() != 2 {
		t.Errorf("%d under way, want it and the one just picked", b.InFlight())
	}
	close(proceed)
	if b, err := io.ReadAll(answer.Body); len(b) != 100_000 || err != nil || answer.Body.Close() != nil {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if !s.client(p).room.TryAcquirePermit() {
		t.Error("its place was not given back")
	}
	if b := s.to().pool.Pick(); b.InFlight() != 2 {
		t.Errorf("%d under way, want the two that were picked", b.InFlight())
	}
}

// TestBudget: each try and each hop is told what is left.
func TestBudget(t *testing.T) {
	var mu sync.Mutex
	var told []int
	note := func(r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		ms, _ := strconv.Atoi(r.Header.Get(BudgetHeader))
		told = append(told, ms)
	}
	last := newStand(t, serve(t, func(_ http.ResponseWriter, r *http.Request) { note(r) }))
	p := policy(1)
	p.Timeout = time.Minute // so that it is the caller's budget that counts
	inner := last.Client(p)
	first := newStand(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		note(r)
		budget, ok := Budget(r.Header)
		if !ok {
			t.Error("no budget")
		}
		ctx, cancel := context.WithTimeout(r.Context(), budget)
		defer cancel()
		time.Sleep(10 * time.Millisecond)
		if status, err := ask(ctx, inner, "GET", products, ""); status != 200 {
			t.Error(status, err)
		}
		w.WriteHeader(503)
	}))
	p = policy(2)
	p.Timeout = 20 * time.Second
	_, _ = ask(t.Context(), first.Client(p), "GET", products, "")
	if len(told) != 4 || told[0] > 20_000 || told[0] < 10_000 {
		t.Fatalf("told %v", told)
	}
	for i := 1; i < 4; i++ {
		if told[i] > told[i-1]-10 || told[i] < 1 {
			t.Errorf("told %v: each was to be less by the ten milliseconds that passed before, at least", told)
		}
	}
}

// TestBudgetSpent: when no answer could come in time, nothing is sent.
func TestBudgetSpent(t *testing.T) {
	n := newTarget(t, says(200))
	s := newStand(t, n.address)
	for _, left := range []time.Duration{900 * time.Microsecond, -time.Second} {
		ctx, cancel := context.WithTimeout(t.Context(), left)
		_, err := ask(ctx, s.Client(policy(1)), "POST", products, "{}")
		cancel()
		if code(err) != "timeout budget-spent" || !NotExecuted(err) || n.hits.Load() != 0 {
			t.Errorf("%s left: %v", left, err)
		}
	}
	if c := s.counted(); c.BudgetSpent != 2 || c.Timeouts != 0 || c.Attempts != 0 {
		t.Errorf("%+v", c)
	}
	for text, want := range map[string]bool{"": false, "x": false, "-1": false, "0": true, "99999999999999999999": false} {
		if _, ok := Budget(http.Header{BudgetHeader: {text}}); ok != want {
			t.Errorf("a budget of %q: %t", text, ok)
		}
	}
}
