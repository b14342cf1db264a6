package ordertaking_test

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
	"figlab/internal/registry"
	"figlab/microservices/ordertaking"
	"figlab/microservices/platform/host"
	"figlab/shop"
	"fmt"
	"hash/crc32"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A stand is order taking, with one replica or more on one database, between siblings that the test plays.
type stand struct {
	cfg    host.Config
	hosts  []*host.Host
	bus    *bus.Bus
	issuer token.Issuer
	ids    process.IDs
	town   *town

	mu     sync.Mutex
	events []internalapi.Event
}

func newStand(t *testing.T, replicas int, change ...func(*host.Config)) *stand {
	t.Helper()
	broker, err := bus.NewServer(bus.ServerConfig{Listen: "127.0.0.1:0", Data: t.TempDir()}, deps(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, broker.Run)
	s := &stand{town: newTown(), ids: deps(t, "test").IDs}
	s.sign(t)
	if s.bus, err = bus.Dial(deps(t, "test"), broker.URL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.bus.Close)
	run(t, s.bus.Consume("test", []string{"shop.ordertaking.>"}, s.hear).Run)
	s.settle(t)
	s.cfg.Listen, s.cfg.Admin, s.cfg.AdminToken = "127.0.0.1:0", "127.0.0.1:0", "test"
	s.cfg.Database, s.cfg.Store, s.cfg.Broker = t.TempDir(), "sqlite", broker.URL()
	for _, c := range change {
		c(&s.cfg)
	}
	for i := range replicas {
		s.cfg.Data = t.TempDir()
		h, err := ordertaking.New(t.Context(), s.cfg, deps(t, fmt.Sprint("ordertaking-", i+1)))
		if err != nil {
			t.Fatal(err)
		}
		run(t, h.Run)
		s.hosts = append(s.hosts, h)
	}
	s.meet(t)
	return s
}

// sign makes the keys of the run: those of session tokens, and that of the service.
func (s *stand) sign(t *testing.T) {
	t.Helper()
	s.issuer = token.NewIssuer(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)))
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(s.issuer.JWKS()) }))
	t.Cleanup(keys.Close)
	s.cfg.Keys = keys.URL
	authority, err := identity.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	given, err := authority.Issue("ordertaking")
	if err != nil {
		t.Fatal(err)
	}
	if s.cfg.Identity, err = identity.Load(given, authority.Public(), time.Now); err != nil {
		t.Fatal(err)
	}
}

// settle has the siblings found.
func (s *stand) settle(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(s.town)
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	for _, sibling := range []string{"cart", "catalog", "logistics"} {
		entry := registry.Instance{Service: sibling, Name: sibling + "-1", Address: address, Admin: address}
		run(t, registry.New(s.bus, deps(t, sibling+"-1")).Lease(entry, nil).Run)
	}
}

// meet waits until every replica has found its siblings.
func (s *stand) meet(t *testing.T) {
	t.Helper()
	for i := range s.hosts {
		who := s.shopper(t)
		s.town.fill(who, 1, "probe")
		until(t, "the siblings are found", func() bool { return s.place(t, i, who, "probe-probe", nil).code == "" })
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

// told returns what was told of a shopper.
func (s *stand) told(user string) (found []internalapi.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.UserId != nil && *e.UserId == user {
			found = append(found, e)
		}
	}
	return found
}

// A shopper is known by the token.
type shopper struct{ id, token string }

func (s *stand) shopper(t *testing.T) shopper {
	t.Helper()
	id := s.ids.New()
	signed, err := s.issuer.Issue(token.Claims{User: id, Role: "customer"}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return shopper{id, signed}
}

func (s *stand) api(t *testing.T, replica int, who shopper) *shopapi.ClientWithResponses {
	t.Helper()
	api, err := shopapi.NewClientWithResponses("http://"+s.hosts[replica].Addr(), shopapi.WithRequestEditorFn(
		func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+who.token)
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// An answer to an order: the order, or the code of a refusal.
type answer struct {
	order    shopapi.Order
	replayed bool
	status   int
	code     string
}

// place asks a replica. change makes the request another than usual.
func (s *stand) place(t *testing.T, replica int, who shopper, key string, change func(*shopapi.NewOrder)) answer {
	t.Helper()
	body := shopapi.NewOrder{
		PaymentToken: "tok_ok", ShippingService: shopapi.Standard,
		ShippingAddress: shopapi.Address{Line1: "Ringstr. 1", City: "Berlin", Postcode: "10115", Country: "DE"},
	}
	if change != nil {
		change(&body)
	}
	r, err := s.api(t, replica, who).PlaceOrderWithResponse(t.Context(), &shopapi.PlaceOrderParams{IdempotencyKey: key}, body)
	if err != nil {
		t.Error(err)
		return answer{code: "none"}
	}
	a := answer{status: r.StatusCode(), code: code(r.StatusCode(), r.Body), replayed: r.HTTPResponse.Header.Get("Idempotent-Replayed") == "true"}
	if r.JSON201 != nil {
		a.order = *r.JSON201
	}
	return a
}

// orders are the shopper's, newest first.
func (s *stand) orders(t *testing.T, who shopper) []shopapi.Order {
	t.Helper()
	r, err := s.api(t, len(s.hosts)-1, who).ListOrdersWithResponse(t.Context(), &shopapi.ListOrdersParams{})
	if err != nil || r.JSON200 == nil {
		t.Fatalf("list orders: %v %s", err, r.Body)
	}
	return r.JSON200.Items
}

// behind reads a door behind the shop.
func (s *stand) behind(t *testing.T, path string, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.hosts[0].AdminAddr()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer test")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		t.Fatal(err)
	}
}

// publish sends events, each under a message id that the broker has never seen: it shall not do the service's work.
func (s *stand) publish(t *testing.T, events ...internalapi.Event) {
	t.Helper()
	messages := make([]bus.Message, len(events))
	for i, e := range events {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		messages[i] = bus.Message{Subject: "shop." + e.Capability + "." + e.Type, ID: s.ids.New(), Data: b}
	}
	if err := s.bus.Publish(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
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
	if err := c.Create(t.Context(), "ordertaking"); err != nil {
		t.Fatal(err)
	}
	return newStand(t, replicas, func(cfg *host.Config) { cfg.Store, cfg.DSN = "postgres", c.DSN("ordertaking") })
}

func deps(t *testing.T, name string) process.Deps {
	t.Helper()
	d := process.Real(name, nil, t.Output())
	d.Log = slog.New(slog.NewTextHandler(t.Output(), nil)).With("process", name)
	return d
}

func run(t *testing.T, process func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := process(ctx); err != nil {
			t.Errorf("did not end cleanly: %v", err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}

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

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within twenty seconds: %s", what)
		}
	}
}

// together runs n calls at once.
func together(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

// id of a product, by its name.
func id(name string) string { return shop.SeedID(1, 99, int(crc32.ChecksumIEEE([]byte(name)))) }
