package warehouse_test

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
	"figlab/internal/process"
	"figlab/internal/registry"
	"figlab/microservices/platform/host"
	"figlab/microservices/warehouse"
	"figlab/shop"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A stand is a warehouse, or two on one database, with a broker, somebody who signs tokens, and a catalog that a test makes answer as it
// likes.
type stand struct {
	cfg       host.Config
	hosts     []*host.Host
	bus       *bus.Bus
	authority *identity.Authority
	admin     string // session tokens
	customer  string
	catalog   *shelf
	tokens    map[string]string // service → service token

	mu     sync.Mutex
	events []internalapi.Event
}

// shelf is the catalog: the products it knows, or a failure.
type shelf struct {
	mu     sync.Mutex
	known  []string
	broken bool
	asked  int
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	var lookup internalapi.ProductLookup
	if err := json.NewDecoder(r.Body).Decode(&lookup); err != nil || s.broken {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	found := internalapi.FoundProducts{Items: []internalapi.FoundProduct{}}
	for _, id := range lookup.Ids {
		if slices.Contains(s.known, id) {
			found.Items = append(found.Items, internalapi.FoundProduct{Id: id})
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(found)
}

func (s *shelf) set(broken bool, known ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken, s.known = broken, known
}

const seeded = 20

func newStand(t *testing.T, replicas int, change ...func(*host.Config)) *stand {
	t.Helper()
	broker, err := bus.NewServer(bus.ServerConfig{Listen: "127.0.0.1:0", Data: t.TempDir()}, deps(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, broker.Run)
	s := &stand{catalog: &shelf{}, tokens: map[string]string{}}
	s.sign(t, "warehouse", "orderprocessing", "cart")
	if s.bus, err = bus.Dial(deps(t, "test"), broker.URL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.bus.Close)
	run(t, s.bus.Consume("test", []string{"shop.warehouse.>"}, s.hear).Run)
	catalog := httptest.NewServer(s.catalog)
	t.Cleanup(catalog.Close)
	address := strings.TrimPrefix(catalog.URL, "http://")
	entry := registry.Instance{Service: "catalog", Name: "catalog-1", Address: address, Admin: address}
	run(t, registry.New(s.bus, deps(t, "catalog-1")).Lease(entry, nil).Run)
	s.cfg.Listen, s.cfg.Admin, s.cfg.AdminToken = "127.0.0.1:0", "127.0.0.1:0", "test"
	s.cfg.Database, s.cfg.Store, s.cfg.Broker = t.TempDir(), "sqlite", broker.URL()
	s.cfg.Owns, s.cfg.Seed = true, host.Seed{Products: seeded, Seed: 1}
	for _, c := range change {
		c(&s.cfg)
	}
	for i := range replicas {
		s.cfg.Data = t.TempDir()
		h, err := warehouse.New(t.Context(), s.cfg, deps(t, []string{"warehouse-1", "warehouse-2"}[i]))
		if err != nil {
			t.Fatal(err)
		}
		run(t, h.Run)
		s.hosts = append(s.hosts, h)
	}
	return s
}

// sign makes the keys of the run: those of session tokens, and one for each service; the first is the one under test.
func (s *stand) sign(t *testing.T, services ...string) {
	t.Helper()
	issuer := token.NewIssuer(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)))
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(issuer.JWKS()) }))
	t.Cleanup(keys.Close)
	s.cfg.Keys = keys.URL
	var err error
	if s.admin, err = issuer.Issue(token.Claims{User: id(900), Role: "admin"}, time.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if s.customer, err = issuer.Issue(token.Claims{User: id(901), Role: "customer"}, time.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
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
	if err := c.Create(t.Context(), "warehouse"); err != nil {
		t.Fatal(err)
	}
	return newStand(t, replicas, func(cfg *host.Config) { cfg.Store, cfg.DSN = "postgres", c.DSN("warehouse") })
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

func product(i int) string { return string(shop.SeedProduct(1, i)) }

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
