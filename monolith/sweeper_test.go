package monolith_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"figlab/api/shopapi"
	"figlab/internal/history"
	"figlab/internal/process"
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

// behindCounter runs a monolith whose charges go over a counter; its warnings go to the returned log. atRest waits until no order is
// pending, and balances the books.
func behindCounter(t *testing.T, cfg monolith.Config, c *counter) (m *monolith.Monolith, atRest func() history.Facts, log *written) {
	t.Helper()
	p, carrier := partners(t)
	cfg.Provider, cfg.Carrier, cfg.DispatchDelay = c.to(t, p.Addr()), "http://"+carrier.Addr(), time.Hour
	d := process.Real("monolith", nil, t.Output())
	log = &written{}
	d.Log = slog.New(slog.NewTextHandler(log, nil))
	m, err := monolith.New(t.Context(), cfg, d)
	if err != nil {
		t.Fatal(err)
	}
	run(t, m.Run)
	return m, func() history.Facts {
		t.Helper()
		doors := shopper{t: t, url: "http://" + m.AdminAddr(), token: "test"}
		eventually(t, "nothing is pending", func() bool {
			var f history.Facts
			doors.must("GET", "/audit", nil, &f)
			return f.Work.OrdersPending == 0
		})
		return books(t, m.AdminAddr(), func(f *history.Facts) { f.Provider = ledger(t, p) })
	}, log
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

// TestChargeRefusedForGood: a charge that the provider will never take ends in a rejected order, whether the shopper still waits or the
// sweeper asks; one that it cannot take now stays pending.
func TestChargeRefusedForGood(t *testing.T) {
	t.Parallel()
	for store, use := range map[string]func(*testing.T) string{"sqlite": nil, "postgres": database} {
		t.Run(store, func(t *testing.T) {
			cfg := config(t)
			if cfg.Store = store; use != nil {
				cfg.DSN = use(t)
			}
			var c counter
			m, atRest, log := behindCounter(t, cfg, &c)
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
			if o := place(); o.State != shopapi.OrderStateRejected || *cmp.Or(o.Reason, new(shopapi.OrderReason)) != "payment_declined" {
				t.Errorf("refused for good while the shopper waits, the order is %s %v", o.State, o.Reason)
			}
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
}

// TestBacklog: payments that were left open are asked about several at once, never one of them twice at once, and each is settled once.
func TestBacklog(t *testing.T) {
	t.Parallel()
	for store, use := range map[string]func(*testing.T) string{"sqlite": nil, "postgres": database} {
		t.Run(store, func(t *testing.T) {
			cfg := config(t)
			if cfg.Store = store; use != nil {
				cfg.DSN = use(t)
			}
			var c counter
			m, atRest, _ := behindCounter(t, cfg, &c)
			c.status.Store(http.StatusServiceUnavailable)
			const backlog = 40
			for i := range backlog {
				s := shopper{t: t, url: "http://" + m.Addr(), key: fmt.Sprintf("backlog-%04d", i)}
				if s.signIn(fmt.Sprintf("shopper-%04d@example.com", i%20+1), "figlab-shopper"); i >= 20 {
					s.key = "again-" + s.key
				}
				s.must("PUT", "/cart/items/"+string(catalog.SeedID(1, 20+i)), shopapi.CartItemQuantity{Quantity: 1}, nil)
				s.must("POST", "/orders", order(), nil)
			}
			c.mu.Lock()
			c.most = 0
			c.mu.Unlock()
			c.slow.Store(int64(200 * time.Millisecond))
			c.status.Store(0)
			f := atRest()
			if len(f.Orders) != backlog || len(f.Notifications) != backlog || len(f.Provider.Entries) != backlog {
				t.Errorf("%d orders, %d messages, %d charges", len(f.Orders), len(f.Notifications), len(f.Provider.Entries))
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.most < 4 || c.most > 8 || c.twice {
				t.Errorf("at most %d were asked about at once, want several and no more than 8; one of them twice: %v", c.most, c.twice)
			}
		})
	}
}
