package payment_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"figlab/api/token"
	"figlab/internal/bus"
	"figlab/internal/identity"
	"figlab/internal/partner/provider"
	"figlab/internal/process"
	"figlab/internal/registry"
	"figlab/microservices/payment"
	"figlab/microservices/platform/host"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// A stand is the payment service, with one replica or more on one database, a broker, a payment provider behind a desk, and an order taking
// that the test plays.
type stand struct {
	cfg      payment.Config
	hosts    []*host.Host
	bus      *bus.Bus
	issuer   token.Issuer
	ids      process.IDs
	desk     *desk
	provider string            // its address
	tokens   map[string]string // service → service token

	mu     sync.Mutex
	events []internalapi.Event
	orders map[string]string // of order taking: order → shopper's token
}

// desk stands between the service and the provider: a test makes it answer for the provider, or lose the provider's answers.
type desk struct {
	to http.Handler

	mu     sync.Mutex
	status int // answered for the provider, unless 0
	lose   bool
	asked  int
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.asked++
	status, lose := d.status, d.lose
	d.mu.Unlock()
	switch {
	case status != 0:
		w.WriteHeader(status)
	case lose:
		d.to.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	default:
		d.to.ServeHTTP(w, r)
	}
}

func (d *desk) set(status int, lose bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status, d.lose = status, lose
}

// count is how often the provider was asked.
func (d *desk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

func newStand(t *testing.T, replicas int, change ...func(*host.Config)) *stand {
	t.Helper()
	broker, err := bus.NewServer(bus.ServerConfig{Listen: "127.0.0.1:0", Data: t.TempDir()}, deps(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, broker.Run)
	s := &stand{ids: deps(t, "test").IDs, tokens: map[string]string{}, orders: map[string]string{}}
	s.sign(t, "payment", "orderprocessing", "cart")
	if s.bus, err = bus.Dial(deps(t, "test"), broker.URL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.bus.Close)
	run(t, s.bus.Consume("test", []string{"shop.payment.>"}, s.hear).Run)
	s.bank(t)
	s.take(t)
	s.cfg.Listen, s.cfg.Admin, s.cfg.AdminToken = "127.0.0.1:0", "127.0.0.1:0", "test"
	s.cfg.Database, s.cfg.Store, s.cfg.Broker = t.TempDir(), "sqlite", broker.URL()
	for _, c := range change {
		c(&s.cfg.Config)
	}
	for range replicas {
		s.start(t)
	}
	return s
}

// start starts a replica, and returns what stops it.
func (s *stand) start(t *testing.T) (stop func()) {
	t.Helper()
	s.cfg.Data = t.TempDir()
	h, err := payment.New(t.Context(), s.cfg, deps(t, fmt.Sprint("payment-", len(s.hosts)+1)))
	if err != nil {
		t.Fatal(err)
	}
	s.hosts = append(s.hosts, h)
	return run(t, h.Run)
}

// bank starts the provider.
func (s *stand) bank(t *testing.T) {
	t.Helper()
	p, err := provider.New(provider.Config{Listen: "127.0.0.1:0", Data: t.TempDir()}, deps(t, "provider"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, p.Run)
	s.provider = "http://" + p.Addr()
	to, err := url.Parse(s.provider)
	if err != nil {
		t.Fatal(err)
	}
	s.desk = &desk{to: httputil.NewSingleHostReverseProxy(to)}
	desk := httptest.NewServer(s.desk)
	t.Cleanup(desk.CloseClientConnections)
	s.cfg.Provider = desk.URL
}

// take has order taking found: it knows the orders of s.orders.
func (s *stand) take(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := strings.TrimPrefix(r.URL.Path, "/orders/")
		s.mu.Lock()
		owner, there := s.orders[id]
		s.mu.Unlock()
		if !there || r.Header.Get("Authorization") != "Bearer "+owner {
			_ = problem.Write(w, problem.From(&problem.Error{Kind: "not-found", Code: "order-not-found", Detail: "you have no such order"}))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(shopapi.Order{Id: id, Lines: []shopapi.OrderLine{}})
	}))
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	entry := registry.Instance{Service: "ordertaking", Name: "ordertaking-1", Address: address, Admin: address}
	run(t, registry.New(s.bus, deps(t, "ordertaking-1")).Lease(entry, nil).Run)
}

// sign makes the keys of the run: those of session tokens, and one for each service; the first is the one under test.
func (s *stand) sign(t *testing.T, services ...string) {
	t.Helper()
	s.issuer = token.NewIssuer(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)))
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(s.issuer.JWKS()) }))
	t.Cleanup(keys.Close)
	s.cfg.Keys = keys.URL
	authority, err := identity.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	for i, service := range services {
		given, err := authority.Issue(service)
		if err != nil {
			t.Fatal(err)
		}
		who, err := identity.Load(given, authority.Public(), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			s.cfg.Identity = who
			continue
		}
		if s.tokens[service], err = who.Token(services[0]); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *stand) hear(_ context.Context, m bus.Message) error {
	var e internalapi.Event
	if err := json.Unmarshal(m.Data, &e); err != nil {
		return bus.Poison(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
	return nil
}
