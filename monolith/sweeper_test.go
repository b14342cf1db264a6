package monolith_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"figlab/api/shopapi"
	"figlab/internal/history"
	"figlab/internal/partner/provider"
	"figlab/monolith"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	catalog "figlab/shop/catalog"
)

// A counter is where charges are handed in. It counts how many are there at once, and may answer them in the provider's place.
type counter struct {
	status atomic.Int64 // answered in the provider's place; 0: the provider answers
	slow   atomic.Int64 // how long a charge takes, a time.Duration
	asked  atomic.Int64

	mu    sync.Mutex
	now   map[string]int // charges at the counter, by key
	most  int            // at once
	twice bool           // the same one was there twice at once
}

// to opens the counter and returns its address.
func (c *counter) to(t *testing.T, addr string) string {
	t.Helper()
	c.now = map[string]int{}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: addr})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var ask struct{ Key string }
		_ = json.Unmarshal(body, &ask) // whatever is no charge has no key
		c.come(ask.Key, 1)
		defer c.come(ask.Key, -1)
		time.Sleep(time.Duration(c.slow.Load()))
		if status := int(c.status.Load()); status != 0 {
			http.Error(w, "no", status)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func (c *counter) come(key string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now[key] += n; n > 0 {
		c.asked.Add(1)
	}
	all := 0
	for _, n := range c.now {
		all, c.twice = all+n, c.twice || n > 1
	}
	c.most = max(c.most, all)
}

// seen returns how many charges were at the counter at once, and whether one of them was there twice.
func (c *counter) seen() (most int, twice bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.most, c.twice
}

// forget begins to count anew.
func (c *counter) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.most, c.twice = 0, false
}

// logging runs a monolith until stop is called. atRest waits until no order is pending, and balances the books.
func logging(
	t *testing.T, cfg monolith.Config, p *provider.Provider, log io.Writer,
) (m *monolith.Monolith, stop func(), atRest func() history.Facts) {
	t.Helper()
	d := deps(t, "monolith")
	d.Log = slog.New(slog.NewTextHandler(log, nil))
	m, err := monolith.New(t.Context(), cfg, d)
	if err != nil {
		t.Fatal(err)
	}
	return m, runUntil(t, m.Run), func() history.Facts {
		t.Helper()
		doors := shopper{t: t, url: "http://" + m.AdminAddr(), token: "test"}
		eventually(t, "nothing is pending", func() bool {
			var f history.Facts
			doors.must("GET", "/audit", nil, &f)
			return f.Work.OrdersPending == 0
		})
		return books(t, m.AdminAddr(), func(f *history.Facts) { f.Provider = ledger(t, p) })
	}
}

// written is a log that a test can read while it is written.
type written struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *written) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *written) count(what string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Count(w.text.String(), what)
}

// withCounter runs a test on each store, with charges that go over a counter.
func withCounter(t *testing.T, test func(*testing.T, monolith.Config, *provider.Provider, *counter)) {
	t.Helper()
	for store, use := range map[string]func(*testing.T) string{"sqlite": nil, "postgres": database} {
		t.Run(store, func(t *testing.T) {
			cfg := config(t)
			if cfg.Store = store; use != nil {
				cfg.DSN = use(t)
			}
			p, carrier := partners(t)
			var c counter
			cfg.Provider, cfg.Carrier, cfg.DispatchDelay = c.to(t, p.Addr()), "http://"+carrier.Addr(), time.Hour
			test(t, cfg, p, &c)
		})
	}
}

// TestChargeRefusedForGood: a charge that the provider will never take ends in a rejected order, whether the shopper still waits or the
// sweeper asks after a restart; one that it cannot take now stays pending.
func TestChargeRefusedForGood(t *testing.T) {
	t.Parallel()
	withCounter(t, func(t *testing.T, cfg monolith.Config, p *provider.Provider, c *counter) {
		var log written
		m, stop, _ := logging(t, cfg, p, &log)
		s := shopper{t: t, url: "http://" + m.Addr()}
		s.signIn("shopper-0005@example.com", "figlab-shopper")
		place := func() (o shopapi.Order) {
			s.must("PUT", "/cart/items/"+shared(), shopapi.CartItemQuantity{Quantity: 2}, nil)
			s.must("POST", "/orders", order(), &o)
			return o
		}
		for _, status := range []int{http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusServiceUnavailable} {
			c.status.Store(int64(status))
			if o := place(); o.State != shopapi.OrderStatePending {
				t.Errorf("the provider answered %d, which says nothing about the charge; the order is %s", status, o.State)
			}
		}
		c.status.Store(http.StatusPaymentRequired)
		before := c.asked.Load()
		if o := place(); o.State != shopapi.OrderStateRejected || *cmp.Or(o.Reason, new(shopapi.OrderReason)) != "payment_declined" {
			t.Errorf("refused for good while the shopper waits, the order is %s %v", o.State, o.Reason)
		}
		if n := c.asked.Load() - before; n != 1 {
			t.Errorf("a refusal is an answer, yet the provider was asked %d times", n)
		}
		stop()
		_, _, atRest := logging(t, cfg, p, &log)
		f := atRest()
		if len(f.Orders) != 4 || len(f.Notifications) != 4 || len(f.Provider.Entries) != 0 {
			t.Errorf("of %d orders the shopper was told %d times, the provider acted %d times",
				len(f.Orders), len(f.Notifications), len(f.Provider.Entries))
		}
		for _, o := range f.Orders {
			if o.State != "rejected" || o.Reason != "payment_declined" {
				t.Errorf("order %s is %s %s", o.ID, o.State, o.Reason)
			}
		}
		if n := log.count("refused for good"); n != 4 {
			t.Errorf("4 charges were refused for good, the log says so %d times", n)
		}
	})
}

// TestBacklog: payments that were left open are asked about several at once, never one of them twice at once, and each is settled once.
func TestBacklog(t *testing.T) {
	t.Parallel()
	withCounter(t, func(t *testing.T, cfg monolith.Config, p *provider.Provider, c *counter) {
		first, stop, _ := logging(t, cfg, p, io.Discard)
		c.status.Store(http.StatusServiceUnavailable)
		const shoppers, each = 10, 4
		for i := range shoppers {
			s := shopper{t: t, url: "http://" + first.Addr()}
			s.signIn(fmt.Sprintf("shopper-%04d@example.com", i+1), "figlab-shopper")
			for range each {
				s.must("PUT", "/cart/items/"+string(catalog.SeedID(1, 20+i%2)), shopapi.CartItemQuantity{Quantity: 1}, nil)
				s.must("PUT", "/cart/items/"+string(catalog.SeedID(1, 21-i%2)), shopapi.CartItemQuantity{Quantity: 1}, nil)
				s.must("POST", "/orders", order(), nil)
			}
		}
		stop()
		c.forget()
		c.slow.Store(int64(200 * time.Millisecond))
		c.status.Store(0)
		_, _, atRest := logging(t, cfg, p, io.Discard)
		f := atRest()
		if n := shoppers * each; len(f.Orders) != n || len(f.Notifications) != n || len(f.Provider.Entries) != n {
			t.Errorf("%d orders, %d messages, %d charges", len(f.Orders), len(f.Notifications), len(f.Provider.Entries))
		}
		if most, twice := c.seen(); most != 8 || twice {
			t.Errorf("%d were asked about at once, want 8; one of them twice: %v", most, twice)
		}
		if cfg.DSN != "" && deadlocks(t, cfg.DSN) != 0 {
			t.Error("Postgres broke up deadlocks")
		}
	})
}
