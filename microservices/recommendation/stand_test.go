package recommendation

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/api/token"
	"figlab/internal/bus"
	"figlab/internal/engine/postgres"
	"figlab/internal/process"
	"figlab/microservices/platform/host"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A stand is the service beside a broker that a test publishes to.
type stand struct {
	cfg    host.Config
	bus    *bus.Bus
	issuer token.Issuer
	host   *host.Host
	stop   func()
	told   int // events so far
}

func newStand(t *testing.T, change ...func(*host.Config)) *stand {
	t.Helper()
	broker, err := bus.NewServer(bus.ServerConfig{Listen: "127.0.0.1:0", Data: t.TempDir()}, deps(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, broker.Run)
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{issuer: token.NewIssuer(key)}
	if s.bus, err = bus.Dial(deps(t, "orderprocessing"), broker.URL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.bus.Close)
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(s.issuer.JWKS()) }))
	t.Cleanup(keys.Close)
	s.cfg = host.Config{
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", AdminToken: "test", Data: t.TempDir(), Store: "sqlite", Broker: broker.URL(), Keys: keys.URL,
	}
	for _, c := range change {
		c(&s.cfg)
	}
	s.host, s.stop = s.replica(t, "recommendation-1")
	return s
}

func (s *stand) replica(t *testing.T, name string) (*host.Host, func()) {
	t.Helper()
	h, err := New(t.Context(), s.cfg, deps(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return h, run(t, h.Run)
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

// id is thing n of a kind.
func id(kind, n int) string { return fmt.Sprintf("00000000-0000-7000-80%02d-%012d", kind, n) }

func user(n int) string    { return id(1, n) }
func product(n int) string { return id(2, n) }

// order is order n in a state, as it is told: each time under another id.
func (s *stand) order(t *testing.T, n, buyer int, state shopapi.OrderState, products ...int) internalapi.Event {
	t.Helper()
	o := shopapi.Order{Id: id(3, n), State: state}
	for _, p := range products {
		o.Lines = append(o.Lines, shopapi.OrderLine{ProductId: product(p), Quantity: 2})
	}
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	s.told++
	u := user(buyer)
	return internalapi.Event{
		Id: id(4, s.told), Capability: "orderprocessing", Type: "order-changed", Schema: 1, Key: o.Id, Version: 2, Origin: "app", UserId: &u, Data: data,
	}
}

// tell publishes events; on gives a second delivery another name on the bus, as the bus would drop it else.
func (s *stand) tell(t *testing.T, on string, events ...internalapi.Event) {
	t.Helper()
	messages := make([]bus.Message, len(events))
	for i, e := range events {
		body, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		messages[i] = bus.Message{Subject: "shop.orderprocessing.order-changed", ID: e.Id + on, Data: body}
	}
	eventually(t, "the broker is there", s.bus.Connected)
	if err := s.bus.Publish(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not in time: " + what)
		}
	}
}

func (s *stand) get(t *testing.T, url, token string, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if b, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 200 || json.Unmarshal(b, out) != nil {
		t.Fatalf("GET %s: %d %s (%v)", url, resp.StatusCode, b, err)
	}
}

// settled waits until every event is handled.
func (s *stand) settled(t *testing.T) {
	t.Helper()
	eventually(t, "all events are handled", func() bool {
		var a internalapi.Audit
		s.get(t, "http://"+s.host.AdminAddr()+"/audit", "test", &a)
		return a.Work.EventsUnconsumed == 0
	})
}

// suggests is what somebody is told (0: a stranger) about a product (0: none), in words.
func (s *stand) suggests(t *testing.T, buyer, about, limit int) string {
	t.Helper()
	var signed string
	if buyer > 0 {
		var err error
		if signed, err = s.issuer.Issue(token.Claims{User: user(buyer), Role: "customer"}, time.Now(), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	url := fmt.Sprintf("http://%s/recommendations?limit=%d", s.host.Addr(), limit)
	if about > 0 {
		url += "&product_id=" + product(about)
	}
	var found shopapi.Recommendations
	s.get(t, url, signed, &found)
	var words []string
	for _, r := range found.Items {
		words = append(words, fmt.Sprintf("%s %s×%d", strings.TrimLeft(r.ProductId[24:], "0"), r.Reason, r.Score))
	}
	return strings.Join(words, ", ")
}

// database returns a fresh Postgres database, or skips the test with the reason why there is none.
func database(t *testing.T) string {
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
	if err := c.Create(t.Context(), "recommendation"); err != nil {
		t.Fatal(err)
	}
	return c.DSN("recommendation")
}
