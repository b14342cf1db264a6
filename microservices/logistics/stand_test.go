package logistics_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/api/token"
	"figlab/internal/bus"
	"figlab/internal/engine/postgres"
	"figlab/internal/identity"
	"figlab/internal/partner/carrier"
	"figlab/internal/process"
	"figlab/microservices/logistics"
	"figlab/microservices/platform/host"
	"figlab/shop"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// A stand is a logistics service, or two on one database, with a broker, somebody who signs tokens, and a carrier behind a desk.
type stand struct {
	cfg       logistics.Config
	hosts     []*host.Host
	bus       *bus.Bus
	authority *identity.Authority
	issuer    token.Issuer
	desk      *desk
	carrier   string            // its address
	tokens    map[string]string // service → service token

	mu     sync.Mutex
	events []internalapi.Event
}

// desk stands between the service and the carrier: a test makes it lose answers, or answer for the carrier.
type desk struct {
	to http.Handler

	mu       sync.Mutex
	lose     int // answers to bookings that get lost after the carrier has acted
	refuse   string
	bookings []internalapi.ParcelRequest
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		d.to.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	var p internalapi.ParcelRequest
	_ = json.Unmarshal(body, &p)
	d.mu.Lock()
	d.bookings = append(d.bookings, p)
	refuse, lose := p.Service == d.refuse, d.lose > 0
	if lose && !refuse {
		d.lose--
	}
	d.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	switch {
	case refuse:
		w.WriteHeader(http.StatusUnprocessableEntity)
	case lose:
		d.to.ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusBadGateway)
	default:
		d.to.ServeHTTP(w, r)
	}
}

func (d *desk) set(lose int, refuse string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lose, d.refuse = lose, refuse
}

func (d *desk) asked() []internalapi.ParcelRequest {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]internalapi.ParcelRequest{}, d.bookings...)
}

func newStand(t *testing.T, replicas int, change ...func(*logistics.Config)) *stand {
	t.Helper()
	broker, err := bus.NewServer(bus.ServerConfig{Listen: "127.0.0.1:0", Data: t.TempDir()}, deps(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, broker.Run)
	s := &stand{tokens: map[string]string{}}
	s.sign(t, "logistics", "orderprocessing", "cart")
	if s.bus, err = bus.Dial(deps(t, "test"), broker.URL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.bus.Close)
	run(t, s.bus.Consume("test", []string{"shop.logistics.>"}, s.hear).Run)
	s.carry(t)
	s.cfg.Listen, s.cfg.Admin, s.cfg.AdminToken = "127.0.0.1:0", "127.0.0.1:0", "test"
	s.cfg.Database, s.cfg.Store, s.cfg.Broker = t.TempDir(), "sqlite", broker.URL()
	s.cfg.DispatchDelay = 20 * time.Millisecond
	for _, c := range change {
		c(&s.cfg)
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
	h, err := logistics.New(t.Context(), s.cfg, deps(t, fmt.Sprint("logistics-", len(s.hosts)+1)))
	if err != nil {
		t.Fatal(err)
	}
	s.hosts = append(s.hosts, h)
	return run(t, h.Run)
}

// carry starts the carrier, which delivers at once.
func (s *stand) carry(t *testing.T) {
	t.Helper()
	c, err := carrier.New(carrier.Config{Listen: "127.0.0.1:0", Data: t.TempDir(), DeliverAfter: 30 * time.Millisecond}, deps(t, "carrier"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, c.Run)
	s.carrier = "http://" + c.Addr()
	to, err := url.Parse(s.carrier)
	if err != nil {
		t.Fatal(err)
	}
	s.desk = &desk{to: httputil.NewSingleHostReverseProxy(to)}
	desk := httptest.NewServer(s.desk)
	t.Cleanup(desk.CloseClientConnections)
	s.cfg.Carrier = desk.URL
}

// sign makes the keys of the run: those of session tokens, and one for each service; the first is the one under test.
func (s *stand) sign(t *testing.T, services ...string) {
	t.Helper()
	issuer := token.NewIssuer(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)))
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(issuer.JWKS()) }))
	t.Cleanup(keys.Close)
	s.cfg.Keys = keys.URL
	s.issuer = issuer
	var err error
	if s.authority, err = identity.NewAuthority(); err != nil {
		t.Fatal(err)
	}
	for i, service := range services {
		given, err := s.authority.Issue(service)
		if err != nil {
			t.Fatal(err)
		}
		who, err := identity.Load(given, s.authority.Public(), time.Now)
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

// heard returns the events of a type, in the order they came.
func (s *stand) heard(kind string) (found []internalapi.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Type == kind {
			found = append(found, e)
		}
	}
	return found
}

// postgresStand is newStand on the other database; it skips the test where there is none.
func postgresStand(t *testing.T, replicas int) *stand {
	t.Helper()
	if err := postgres.Find(); err != nil {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "figlab-pg-*") //nolint:usetesting // the parent of t.TempDir is closed to the user the server runs as
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c, err := postgres.Start(t.Context(), postgres.Options{Dir: filepath.Join(dir, "data"), Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := c.Create(t.Context(), "logistics"); err != nil {
		t.Fatal(err)
	}
	return newStand(t, replicas, func(cfg *logistics.Config) { cfg.Store, cfg.DSN = "postgres", c.DSN("logistics") })
}

func deps(t *testing.T, name string) process.Deps {
	t.Helper()
	d := process.Real(name, nil, t.Output())
	d.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	return d
}

func run(t *testing.T, process func(context.Context) error) (stop func()) {
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

func id(i int) string { return shop.SeedID(1, 99, i) }

// code is the stable name of the refusal in an answer, "" for a success.
func code(status int, body []byte) string {
	if status < 300 {
		return ""
	}
	var p *problem.Error
	if err := problem.Parse(status, body); !errors.As(err, &p) {
		return err.Error()
	}
	return p.Code
}

func until(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}
