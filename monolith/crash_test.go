package monolith_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"figlab/api/shopapi"
	"figlab/internal/history"
	"figlab/internal/partner/carrier"
	"figlab/internal/partner/provider"
	"figlab/monolith"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	catalog "figlab/shop/catalog"
)

// TestCrashBetweenChargeAndCommit: the provider has taken the money, but the monolith never hears of it and dies. After the restart the
// order is confirmed and the money was taken once.
func TestCrashBetweenChargeAndCommit(t *testing.T) {
	t.Parallel()
	p, c := partners(t)
	var deaf atomic.Bool
	deaf.Store(true)
	line := deafLine(t, p.Addr(), &deaf)
	cfg := config(t)
	cfg.Provider, cfg.Carrier = line, "http://"+c.Addr()

	first := open(t, cfg)
	stop := runUntil(t, first.Run)
	client := shopper{t: t, url: "http://" + first.Addr()}
	client.signIn("shopper-0001@example.com", "figlab-shopper")
	client.must("PUT", "/cart/items/"+string(catalog.SeedID(1, 5)), shopapi.CartItemQuantity{Quantity: 2}, nil)
	var placed shopapi.Order
	client.must("POST", "/orders", order(), &placed)
	if placed.State != shopapi.OrderStatePending {
		t.Fatalf("nobody heard the provider, yet the order is %s", placed.State)
	}
	stop()

	deaf.Store(false)
	second := open(t, cfg)
	runUntil(t, second.Run)
	client.url = "http://" + second.Addr()
	var got shopapi.Order
	eventually(t, "the sweeper settles the order", func() bool {
		client.must("GET", "/orders/"+placed.Id, nil, &got)
		return got.State != shopapi.OrderStatePending
	})
	if got.State == shopapi.OrderStateRejected || got.Total != placed.Total {
		t.Errorf("settled to %+v", got)
	}
	charges := ledger(t, p)
	if len(charges.Entries) != 1 || charges.Entries[0].Key != *placed.PaymentId || charges.Replays == 0 {
		t.Errorf("the provider took the money %d times: %+v", len(charges.Entries), charges)
	}
}

// TestReopenKeepsEverything: a second start on the same data seeds nothing and keeps sessions valid.
func TestReopenKeepsEverything(t *testing.T) {
	t.Parallel()
	p, c := partners(t)
	cfg := config(t)
	cfg.Provider, cfg.Carrier = "http://"+p.Addr(), "http://"+c.Addr()
	first := open(t, cfg)
	stop := runUntil(t, first.Run)
	client := shopper{t: t, url: "http://" + first.Addr()}
	client.signIn("shopper-0002@example.com", "figlab-shopper")
	client.must("PUT", "/wishlist/items/"+string(catalog.SeedID(1, 9)), nil, nil)
	stop()
	second := open(t, cfg)
	runUntil(t, second.Run)
	client.url = "http://" + second.Addr()
	var w shopapi.Wishlist
	client.must("GET", "/wishlist", nil, &w)
	if len(w.Items) != 1 {
		t.Errorf("after the restart the wishlist holds %+v", w)
	}
}

func partners(t *testing.T) (*provider.Provider, *carrier.Carrier) {
	t.Helper()
	p, err := provider.New(provider.Config{Listen: "127.0.0.1:0", Data: t.TempDir()}, deps(t, "provider"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, p.Run)
	c, err := carrier.New(carrier.Config{Listen: "127.0.0.1:0", Data: t.TempDir(), DeliverAfter: time.Hour}, deps(t, "carrier"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, c.Run)
	return p, c
}

func open(t *testing.T, cfg monolith.Config) *monolith.Monolith {
	t.Helper()
	m, err := monolith.New(t.Context(), cfg, deps(t, "monolith"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// runUntil runs a process until the returned function is called.
func runUntil(t *testing.T, process func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := process(ctx); err != nil {
			t.Errorf("did not end cleanly: %v", err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// deafLine passes requests on and, while deaf, breaks the connection instead of passing the answer back.
func deafLine(t *testing.T, to string, deaf *atomic.Bool) string {
	t.Helper()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: to})
	proxy.ModifyResponse = func(*http.Response) error {
		if deaf.Load() {
			panic(http.ErrAbortHandler)
		}
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

func ledger(t *testing.T, p *provider.Provider) (l history.Provider) {
	t.Helper()
	resp, err := http.Get("http://" + p.Addr() + "/provider/ledger")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(&l); err != nil {
		t.Fatal(err)
	}
	return l
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not in time: " + what)
		}
	}
}

func order() shopapi.NewOrder {
	return shopapi.NewOrder{
		ShippingAddress: shopapi.Address{Line1: "3 Quay", City: "Faro", Postcode: "8000", Country: "PT"},
		ShippingService: shopapi.Express, PaymentToken: "tok_ok",
	}
}

// shopper is a client that knows what it wants.
type shopper struct {
	t     testing.TB
	url   string
	token string
	key   string // of every request; empty: each has its own
	keys  int

	client *http.Client // nil: the default one
}

func (s *shopper) signIn(email, password string) {
	var session shopapi.Session
	s.must("POST", "/sessions", shopapi.Credentials{Email: email, Password: password}, &session)
	s.token = session.Token
}

func (s *shopper) must(method, path string, in, out any) {
	s.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	s.keys++
	req.Header.Set("Idempotency-Key", cmp.Or(s.key, fmt.Sprintf("test-key-%04d", s.keys)))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.token)
	if s.token == "" {
		req.Header.Del("Authorization")
	}
	resp, err := cmp.Or(s.client, http.DefaultClient).Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= http.StatusBadRequest {
		s.t.Fatalf("%s %s: %s %s %v", method, path, resp.Status, answer, err)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			s.t.Fatal(err)
		}
	}
}
