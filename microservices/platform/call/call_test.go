package call

import (
	"context"
	"figlab/api/contract"
	"figlab/api/token"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestHedge: a read that takes long is asked elsewhere too; the first good answer wins and the other is given up.
func TestHedge(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{}, 9)
	slow := newTarget(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done(); gone <- struct{}{} })
	after := func(d time.Duration, status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { time.Sleep(d); w.WriteHeader(status) }
	}
	late := func(status int) http.HandlerFunc { return after(150*time.Millisecond, status) }
	p := policy(1)
	p.Timeout, p.Hedge = 20*time.Second, 20*time.Millisecond
	for name, c := range map[string]struct {
		first, second http.HandlerFunc
		status        int
		hedges, won   int64
	}{
		"the hedge wins":              {nil, says(200), 200, 1, 1},
		"the first wins":              {late(201), hangs, 201, 1, 0},
		"the hedge fails":             {late(201), says(503), 201, 1, 0},
		"the first fails meanwhile":   {late(503), after(400*time.Millisecond, 200), 200, 1, 1},
		"both fail":                   {late(503), says(504), 503, 1, 0},
		"what was found wrong counts": {late(404), hangs, 404, 1, 0},
	} {
		first := slow.address
		if c.first != nil {
			first = serve(t, c.first)
		}
		s := newStand(t, first, serve(t, c.second))
		began := time.Now()
		status, err := ask(t.Context(), s.Client(p), "GET", products, "")
		if n := s.counted(); status != c.status || time.Since(began) > 10*time.Second || n.Hedges != c.hedges || n.HedgesWon != c.won || n.Attempts != 1+c.hedges {
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
	early := p
	early.Hedge = time.Second
	for _, status := range []int{200, 503} { // a failure too: it is for the retries
		s := newStand(t, serve(t, says(status)), slow.address)
		if got, err := ask(t.Context(), s.Client(early), "GET", products, ""); got != status || s.counted().Attempts != 1 {
			t.Errorf("in time: %d %v, %+v", got, err, s.counted())
		}
	}
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
	ctx := token.WithSigned(WithRequest(WithPath(t.Context(), "gateway>ordertaking"), "request-1"), "signed")
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
		{ctx, policy(1), products, []string{contract.RequestID, "own", "Authorization", "Basic x", IdentityHeader, "forged"}, "gateway>ordertaking>cart", "own", "Basic x", "cart for catalog"},
		{ctx, policy(1), "http://" + address + "/products", []string{IdentityHeader, "forged"}, "gateway>ordertaking>cart", "request-1", "", ""},
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
	ctx := token.WithSigned(WithRequest(WithPath(b.Context(), "gateway"), "request-1"), "signed")
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
