package call

import (
	"context"
	"errors"
	"figlab/api/contract"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
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
	inner := last.Client(policy(1))
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
	p := policy(2)
	p.Timeout = time.Second
	_, _ = ask(t.Context(), first.Client(p), "GET", products, "")
	if len(told) != 4 || told[0] > 1000 || told[0] < 800 {
		t.Fatalf("told %v", told)
	}
	for i := 1; i < 4; i++ {
		if least := told[i-1] - 10; told[i] > least || told[i] < least-150 {
			t.Errorf("told %v: each was to be less by ten milliseconds or a little more", told)
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
	all.Go(call) // gets the place of one that ends in time
	time.AfterFunc(10*time.Millisecond, func() { close(proceed) })
	all.Wait()
}

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

// TestHedge: a read that takes long is asked elsewhere too; the first good answer wins and the other is given up.
func TestHedge(t *testing.T) {
	gone := make(chan struct{}, 9)
	slow := newTarget(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done(); gone <- struct{}{} })
	after := func(d time.Duration, status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { time.Sleep(d); w.WriteHeader(status) }
	}
	late := func(status int) http.HandlerFunc { return after(60*time.Millisecond, status) }
	p := policy(1)
	p.Hedge = 20 * time.Millisecond
	for name, c := range map[string]struct {
		first, second http.HandlerFunc
		status        int
		hedges, won   int64
	}{
		"the hedge wins":              {nil, says(200), 200, 1, 1},
		"the first wins":              {late(201), hangs, 201, 1, 0},
		"the hedge fails":             {late(201), says(503), 201, 1, 0},
		"the first fails meanwhile":   {late(503), after(120*time.Millisecond, 200), 200, 1, 1},
		"both fail":                   {late(503), says(504), 503, 1, 0},
		"the first is in time":        {says(200), says(500), 200, 0, 0},
		"the first fails, but early":  {says(503), says(200), 503, 0, 0},
		"what was found wrong counts": {late(404), hangs, 404, 1, 0},
	} {
		first := slow.address
		if c.first != nil {
			first = serve(t, c.first)
		}
		s := newStand(t, first, serve(t, c.second))
		status, err := ask(t.Context(), s.Client(p), "GET", products, "")
		if n := s.counted(); status != c.status || n.Hedges != c.hedges || n.HedgesWon != c.won || n.Attempts != 1+c.hedges {
			t.Errorf("%s: %d %v, %+v", name, status, err, n)
		}
		a, b := s.to().pool.Pick(), s.to().pool.Pick()
		if a.InFlight()+b.InFlight() != 2 && a != b {
			t.Errorf("%s: %d and %d under way", name, a.InFlight(), b.InFlight())
		}
	}
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Error("the loser was not given up")
	}

	write := newStand(t, serve(t, late(200)), slow.address)
	_, _ = ask(t.Context(), write.Client(p), "POST", products, "{}")
	alone := newStand(t, serve(t, late(200)))
	_, _ = ask(t.Context(), alone.Client(p), "GET", products, "")
	poor := newStand(t, serve(t, late(200)), slow.address)
	poor.client(p).to.retries.left = -9
	if status, err := ask(t.Context(), poor.Client(p), "GET", products, ""); status != 200 || poor.counted().RetryBudgetExhausted != 1 {
		t.Errorf("without a budget: %d %v", status, err)
	}
	for _, s := range []*stand{write, alone, poor} {
		if n := s.counted(); n.Hedges != 0 || n.Attempts != 1 || n.Failures != 0 {
			t.Errorf("%+v", n)
		}
	}
}

// TestNoInstance: without anybody to ask it is certain that nothing happened.
func TestNoInstance(t *testing.T) {
	s := newStand(t)
	_, err := ask(t.Context(), s.Client(policy(3)), "POST", products, "{}")
	if code(err) != "unavailable no-instance" || !NotExecuted(err) || s.counted().Attempts != 0 {
		t.Errorf("%v, %+v", err, s.counted())
	}
}

// TestPassedOn: the path grows by one, the request keeps its id, the user goes along only where that is declared, and to strangers we say
// not who we are.
func TestPassedOn(t *testing.T) {
	var got http.Header
	address := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Clone() })
	s := newStand(t, address)
	ctx := WithUser(WithRequest(WithPath(t.Context(), "gateway>ordertaking"), "request-1"), "signed")
	if Path(ctx) != "gateway>ordertaking" {
		t.Errorf("the path is %q", Path(ctx))
	}
	as := policy(1)
	as.AsUser = true
	for _, c := range []struct {
		ctx                         context.Context
		policy                      Policy
		url                         string
		headers                     []string
		path, request, who, service string
	}{
		{ctx, policy(1), products, nil, "gateway>ordertaking>cart", "request-1", "", "cart for catalog"},
		{ctx, as, products, nil, "gateway>ordertaking>cart", "request-1", "Bearer signed", "cart for catalog"},
		{t.Context(), as, products, nil, "cart", "", "", "cart for catalog"},
		{ctx, policy(1), products, []string{contract.RequestID, "own", "Authorization", "Basic x"}, "gateway>ordertaking>cart", "own", "Basic x", "cart for catalog"},
		{ctx, policy(1), "http://" + address + "/products", nil, "gateway>ordertaking>cart", "request-1", "", ""},
	} {
		if status, err := ask(c.ctx, s.Client(c.policy), "GET", c.url, "", c.headers...); status != 200 {
			t.Fatal(status, err)
		}
		if got.Get(PathHeader) != c.path || got.Get(contract.RequestID) != c.request || got.Get("Authorization") != c.who || got.Get(IdentityHeader) != c.service {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

// TestFixedAddress: what is not in the registry is dialled as it is, with every policy.
func TestFixedAddress(t *testing.T) {
	n := newTarget(t, says(503))
	s := newStand(t)
	p := Policy{To: "provider", Timeout: time.Second, Attempts: 3}
	status, err := ask(t.Context(), s.Client(p), "GET", "http://"+n.address+"/charges", "")
	if status != 503 || n.hits.Load() != 3 {
		t.Errorf("%d %v after %d tries", status, err, n.hits.Load())
	}
	_, _ = ask(t.Context(), s.Client(p), "GET", "http://"+n.address+"/charges", "")
	if _, err := ask(t.Context(), s.Client(p), "GET", "http://"+n.address+"/charges", ""); code(err) != "unavailable breaker-open" {
		t.Errorf("after five failures: %v", err)
	}
}

// TestMany: a crowd of calls, some given up, some failing, leaves nothing behind.
func TestMany(t *testing.T) {
	var n atomic.Int64
	h := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch n.Add(1) % 10 {
		case 0:
			w.WriteHeader(503)
		case 1:
			time.Sleep(3 * time.Millisecond)
		}
		_, _ = io.WriteString(w, "answer")
	}
	s := newStand(t, serve(t, h), serve(t, h), serve(t, h))
	p := policy(3)
	p.Hedge, p.Idempotent = 2*time.Millisecond, true
	c := s.Client(p)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 50 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				if i%9 == 0 {
					time.AfterFunc(time.Millisecond, cancel)
				}
				_, _ = ask(ctx, c, []string{"GET", "POST"}[(g+i)%2], products, "{}")
				cancel()
			}
		})
	}
	all.Wait()
	if x := s.counted(); x.Calls != 400 {
		t.Errorf("%+v", x)
	}
	for range usualBulkhead {
		if !s.client(p).room.TryAcquirePermit() {
			t.Fatal("a place was not given back")
		}
	}
	seen := s.to().pool.Pick()
	for b := seen; b != nil; b = s.to().pool.Pick(seen) {
		if b.InFlight() != 1 {
			t.Fatalf("%d under way after all have ended", b.InFlight()-1)
		}
		if b != seen {
			break
		}
	}
}

// BenchmarkCall measures what a call adds to a bare transport: once over a socket, once over a service that answers at once.
func BenchmarkCall(b *testing.B) {
	address := serve(b, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answer") })
	s := newStand(b, address, address)
	hedged := policy(3)
	hedged.Hedge = time.Second
	at := roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("answer"))}, nil
	})
	near := newStand(b, address, address)
	near.transport = at
	ctx := WithUser(WithRequest(WithPath(b.Context(), "gateway"), "request-1"), "signed")
	// The bare ones send what we add, so that to read it is not counted as ours.
	headers := []string{
		"Accept", "application/json", PathHeader, "gateway>cart", BudgetHeader, "2000", IdentityHeader, "cart for catalog", contract.RequestID, "request-1",
	}
	for _, c := range []struct {
		name   string
		client *http.Client
		url    string
	}{
		{"near/bare", &http.Client{Transport: at}, products},
		{"near/call", near.Client(policy(3)), products},
		{"near/hedged", near.Client(hedged), products},
		{"socket/bare", &http.Client{Transport: s.transport}, "http://" + address + "/products"},
		{"socket/call", s.Client(policy(3)), products},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if status, err := ask(ctx, c.client, "GET", c.url, "", headers...); status != 200 {
					b.Fatal(status, err)
				}
			}
		})
	}
}
