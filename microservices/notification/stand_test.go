package notification_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/api/token"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/microservices/notification"
	"figlab/microservices/platform/host"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// A stand is a notification service with some replicas, the bus on which a test plays all others, and the keys of tokens.
type stand struct {
	cfg      host.Config
	issuer   token.Issuer
	bus      *bus.Bus
	ids      process.IDs
	replicas []*host.Host

	mu   sync.Mutex
	told map[string]int // how often each message was told of
}

func newStand(t *testing.T, replicas int, change ...func(*host.Config)) *stand {
	t.Helper()
	broker, err := bus.NewServer(bus.ServerConfig{Listen: "127.0.0.1:0", Data: t.TempDir()}, deps(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, broker.Run)
	s := &stand{
		issuer: token.NewIssuer(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))), ids: deps(t, "test").IDs, told: map[string]int{},
	}
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(s.issuer.JWKS())
	}))
	t.Cleanup(keys.Close)
	s.cfg = host.Config{
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", AdminToken: "test", Data: t.TempDir(), Database: t.TempDir(), Store: "sqlite",
		Broker: broker.URL(), Keys: keys.URL, Owns: true,
	}
	for _, c := range change {
		c(&s.cfg)
	}
	if s.bus, err = bus.Dial(deps(t, "test"), broker.URL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.bus.Close)
	for end := time.Now().Add(5 * time.Second); !s.bus.Connected() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	run(t, s.bus.Consume("listener", []string{"shop.notification.notification-sent"}, s.hear).Run)
	for i := range replicas {
		h, err := notification.New(t.Context(), s.cfg, deps(t, "notification-"+string(rune('1'+i))))
		if err != nil {
			t.Fatal(err)
		}
		s.replicas = append(s.replicas, h)
		run(t, h.Run)
	}
	return s
}

// hear counts what the service tells.
func (s *stand) hear(_ context.Context, m bus.Message) error {
	var e internalapi.Event
	var n shopapi.Notification
	if err := json.Unmarshal(m.Data, &e); err != nil {
		return err
	}
	if err := json.Unmarshal(e.Data, &n); err != nil || e.Key != n.Id || e.Version != 1 || e.Schema != 1 {
		return bus.Poison(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told[*e.UserId+" "+string(n.Kind)+" "+*n.OrderId]++
	return nil
}

func (s *stand) heard() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for k, n := range s.told {
		out[k] = n
	}
	return out
}

// order is what happened to an order.
func (s *stand) order(id, user string, state shopapi.OrderState, version int64) internalapi.Event {
	return s.event("orderprocessing", "order-changed", id, user, version, shopapi.Order{
		Id: id, State: state, Version: version, Total: shopapi.Money{Amount: 4711, Currency: "EUR"}, Lines: []shopapi.OrderLine{},
	})
}

func (s *stand) refund(id, order, user string) internalapi.Event {
	return s.event("payment", "payment-refunded", s.ids.New(), user, 2, internalapi.BookedRefund{
		RefundId: id, OrderId: order, PaymentId: s.ids.New(), Amount: 1234, Currency: "EUR",
	})
}

func (s *stand) event(capability, kind, key, user string, version int64, data any) internalapi.Event {
	b, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	return internalapi.Event{
		Id: s.ids.New(), Capability: capability, Type: kind, Schema: 1, Key: key, Version: version, Origin: "app",
		OccurredAt: time.Now(), UserId: &user, Data: b,
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
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.bus.Publish(ctx, messages...); err != nil {
		t.Fatal(err)
	}
}

// settle waits until there are n messages and nothing is left to do, and returns the audit. That alone nothing is left is not enough to wait
// for: a broker counts what was published a moment later.
func (s *stand) settle(t *testing.T, n int) (a internalapi.Audit) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if status := call(t, "GET", "http://"+s.replicas[0].AdminAddr()+"/audit", "test", &a); status != 200 {
			continue
		}
		if len(a.Notifications) >= n && a.Work.EventsUnconsumed == 0 && a.Work.OutboxUnpublished == 0 {
			return a
		}
	}
	t.Fatalf("there are %d messages of %d, and this is left: %+v", len(a.Notifications), n, a.Work)
	return a
}

// token of a shopper.
func (s *stand) token(t *testing.T, user string) string {
	t.Helper()
	signed, err := s.issuer.Issue(token.Claims{User: user, Email: "a@example.com", Role: "customer"}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// at asks one replica for a shopper.
func (s *stand) at(t *testing.T, replica int, user, method, path string, out any) int {
	t.Helper()
	as := ""
	if user != "" {
		as = s.token(t, user)
	}
	return call(t, method, "http://"+s.replicas[replica].Addr()+path, as, out)
}

func call(t *testing.T, method, url, token string, out any) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
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
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if out != nil && resp.StatusCode < 300 {
		if err := json.NewDecoder(bytes.NewReader(b)).Decode(out); err != nil {
			t.Fatalf("%s %s: %s: %v", method, url, b, err)
		}
	}
	return resp.StatusCode
}

func deps(t *testing.T, name string) process.Deps {
	t.Helper()
	d := process.Real(name, nil, t.Output())
	d.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
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
