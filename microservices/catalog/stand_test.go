package catalog_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"figlab/api/token"
	"figlab/internal/bus"
	"figlab/internal/engine/postgres"
	"figlab/internal/identity"
	"figlab/internal/process"
	"figlab/microservices/catalog"
	"figlab/microservices/platform/host"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	rules "figlab/shop/catalog"
)

// A stand is a catalog service that a test feeds and asks over its doors.
type stand struct {
	cfg       host.Config
	broker    string
	authority *identity.Authority
	issuer    token.Issuer
	host      *host.Host
	stop      func()
}

func newStand(t *testing.T, change ...func(*host.Config)) *stand {
	t.Helper()
	broker, err := bus.NewServer(bus.ServerConfig{Listen: "127.0.0.1:0", Data: t.TempDir()}, deps(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, broker.Run)
	s := &stand{broker: broker.URL()}
	if s.authority, err = identity.NewAuthority(); err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.issuer = token.NewIssuer(key)
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(s.issuer.JWKS()) }))
	t.Cleanup(keys.Close)
	s.cfg = host.Config{
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", AdminToken: "test", Data: t.TempDir(), Store: "sqlite", Broker: broker.URL(),
		Keys: keys.URL, Identity: s.identity(t, "catalog"),
	}
	for _, c := range change {
		c(&s.cfg)
	}
	s.start(t)
	return s
}

// owns makes a stand own twenty products, in a file that replicas may share.
func owns(t *testing.T) func(*host.Config) {
	dir := t.TempDir()
	return func(c *host.Config) { c.Owns, c.Seed, c.Database = true, host.Seed{Products: 20, Seed: 1}, dir }
}

func (s *stand) start(t *testing.T) {
	t.Helper()
	s.host, s.stop = s.replica(t, "catalog-1")
}

// replica starts a process on the stand's database.
func (s *stand) replica(t *testing.T, name string) (*host.Host, func()) {
	t.Helper()
	h, err := catalog.New(t.Context(), s.cfg, deps(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return h, run(t, h.Run)
}

func (s *stand) identity(t *testing.T, service string) *identity.Identity {
	t.Helper()
	secret, err := s.authority.Issue(service)
	if err != nil {
		t.Fatal(err)
	}
	i, err := identity.Load(secret, s.authority.Public(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// session signs somebody in.
func (s *stand) session(t *testing.T, role string) string {
	t.Helper()
	signed, err := s.issuer.Issue(token.Claims{User: string(rules.SeedID(9, 1)), Role: role}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return signed
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

// call returns the status and decodes the body into out, or the code of the problem when out is a text. Whoever has more to say puts it into more: name, value.
func call(t *testing.T, method, url, token string, in, out any, more ...string) int {
	t.Helper()
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(more); i += 2 {
		req.Header.Set(more[i], more[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if code, ok := out.(*string); ok && resp.StatusCode >= 300 {
		if told := new(problem.Error); errors.As(problem.Parse(resp.StatusCode, b), &told) {
			*code = told.Code
		}
	} else if out != nil && resp.StatusCode < 300 {
		if err := json.Unmarshal(b, out); err != nil {
			t.Fatalf("%s %s: %s: %v", method, url, b, err)
		}
	}
	return resp.StatusCode
}

func (s *stand) feed(t *testing.T, b internalapi.FeedBatch) (a internalapi.FeedApplied, status int) {
	t.Helper()
	status = call(t, "POST", "http://"+s.host.AdminAddr()+"/feed/catalog", "test", b, &a)
	return a, status
}

func (s *stand) must(t *testing.T, b internalapi.FeedBatch, applied, skipped int) {
	t.Helper()
	a, status := s.feed(t, b)
	if status != 200 || a.Applied != applied || a.Skipped != skipped {
		t.Errorf("fed %d events: %d, applied %d and skipped %d, want %d and %d", len(b.Events), status, a.Applied, a.Skipped, applied, skipped)
	}
}

func (s *stand) checkpoint(t *testing.T) (at internalapi.FeedCheckpoint) {
	t.Helper()
	if status := call(t, "GET", "http://"+s.host.AdminAddr()+"/feed/catalog/checkpoint", "test", nil, &at); status != 200 {
		t.Fatalf("checkpoint: %d", status)
	}
	return at
}

// name is that of product i, "" when there is none.
func (s *stand) name(t *testing.T, i int) string {
	t.Helper()
	var p shopapi.Product
	call(t, "GET", "http://"+s.host.Addr()+"/products/"+string(rules.SeedID(1, i)), "", nil, &p)
	return p.Name
}

// event is a change of product i; its name tells the version.
func event(i int, version int64) internalapi.Event {
	p := rules.Seed(1, i)
	data, err := json.Marshal(shopapi.Product{
		Id: string(p.ID), Sku: p.SKU, Name: fmt.Sprint("v", version), Description: p.Description, Category: p.Category,
		Price:       shopapi.Money{Amount: p.Price.Amount, Currency: string(p.Price.Currency)},
		WeightGrams: int64(p.Weight), OnSale: true, Version: version, CreatedAt: p.Created, UpdatedAt: p.Updated,
	})
	if err != nil {
		panic(err)
	}
	return internalapi.Event{
		Id: fmt.Sprintf("e-%d-%d", i, version), Capability: "catalog", Type: "product-changed", Schema: 1, Key: string(p.ID), Version: version,
		Origin: "app", OccurredAt: p.Created, Data: data,
	}
}

func batch(events ...internalapi.Event) internalapi.FeedBatch {
	return internalapi.FeedBatch{Events: events}
}

// databases returns fresh Postgres databases, or skips the test with the reason why there are none.
func databases(t *testing.T, names ...string) (dsns []string) {
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
	for _, name := range names {
		if err := c.Create(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		dsns = append(dsns, c.DSN(name))
	}
	return dsns
}
