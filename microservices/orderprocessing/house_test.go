package orderprocessing

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/api/token"
	"figlab/internal/bus"
	"figlab/internal/engine/postgres"
	"figlab/internal/process"
	"figlab/internal/registry"
	"figlab/microservices/orderprocessing/saga"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"io"
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

	rules "figlab/shop/orderprocessing"
)

// A house is a broker, the siblings, played by one server over a world, and the service itself.
type house struct {
	world
	bus    *bus.Bus
	cfg    host.Config
	issuer token.Issuer
	tell   func(internalapi.Event)
}

func testDeps(t *testing.T, name string) process.Deps {
	t.Helper()
	d := process.Real(name, nil, t.Output())
	d.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	return d
}

func background(t *testing.T, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ctx); err != nil {
			t.Errorf("did not end cleanly: %v", err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func newHouse(t *testing.T, change ...func(*host.Config)) *house {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{issuer: token.NewIssuer(key)}
	broker, err := bus.NewServer(bus.ServerConfig{Listen: "127.0.0.1:0", Data: t.TempDir()}, testDeps(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	background(t, broker.Run)
	if h.bus, err = bus.Dial(testDeps(t, "test"), broker.URL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.bus.Close)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	for _, s := range []string{"warehouse", "payment", "logistics", "ordertaking"} {
		lease := registry.New(h.bus, testDeps(t, s)).Lease(registry.Instance{
			Service: s, Name: s + "-1", Address: server.Listener.Addr().String(), Admin: "none",
		}, nil)
		background(t, lease.Run)
	}
	h.cfg = host.Config{
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", AdminToken: "test", Data: t.TempDir(), Store: "sqlite", Broker: broker.URL(),
		Keys: server.URL + "/keys",
	}
	for _, c := range change {
		c(&h.cfg)
	}
	h.tell = func(e internalapi.Event) {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(5 * time.Second)
		for {
			err := h.bus.Publish(t.Context(), bus.Message{Subject: "shop." + e.Capability + "." + e.Type, ID: e.Id, Data: b})
			if err == nil {
				return
			}
			if time.Now().After(deadline) {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return h
}

// start starts a process of the service and waits until it finds its siblings.
func (h *house) start(t *testing.T, name string) (*host.Host, func()) {
	t.Helper()
	s, err := New(t.Context(), h.cfg, testDeps(t, name))
	if err != nil {
		t.Fatal(err)
	}
	stop := background(t, s.Run)
	deadline := time.Now().Add(10 * time.Second)
	for _, of := range []string{"warehouse", "payment", "logistics", "ordertaking"} {
		for len(s.Instances(of).Instances()) == 0 {
			if time.Now().After(deadline) {
				t.Fatalf("no %s", of)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return s, stop
}

// ServeHTTP plays the siblings.
func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	say := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch parts[0] {
	case "keys":
		say(200, h.issuer.JWKS())
		return
	case "orders":
		signed := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		c, err := token.NewVerifier(h.issuer, time.Now).Verify(r.Context(), signed)
		if err != nil || c.User != shopper || parts[1] != unheard {
			say(404, map[string]any{"type": "urn:figlab:problem:order-not-found", "title": "no", "status": 404})
			return
		}
		say(200, image(unheard))
		return
	}
	verb := ""
	if len(parts) > 3 {
		verb = parts[3]
	}
	op := map[string]saga.Op{
		"reservations": saga.Reserve, "reservations keep": saga.Keep, "reservations release": saga.Release, "reservations commit": saga.Commit,
		"payments": saga.Authorise, "payments refund": saga.Refund, "shipments": saga.Plan, "shipments recall": saga.Recall,
	}[strings.TrimSpace(parts[1]+" "+verb)]
	id, said, err := h.Ask(r.Context(), op, Order{ID: shop.OrderID(parts[2])})
	state := "captured"
	if said == saga.Refused {
		state = "declined"
	}
	switch {
	case err != nil:
		w.WriteHeader(http.StatusServiceUnavailable)
	case said == saga.Refused && op != saga.Authorise:
		code := map[saga.Op]string{saga.Reserve: "out-of-stock", saga.Keep: "reservation-expired", saga.Recall: "order-not-cancellable"}[op]
		say(409, map[string]any{"type": "urn:figlab:problem:" + code, "title": "Conflict", "status": 409})
	default:
		say(200, map[string]any{"order_id": parts[2], "state": state, "payment_id": id, "shipment_id": id})
	}
}

// door asks the service in the shopper's name.
func (h *house) door(t *testing.T, s *host.Host, method, path string, out any) int {
	t.Helper()
	signed, err := h.issuer.Issue(token.Claims{User: shopper, Role: "customer"}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Addr()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+signed)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, json.Unmarshal(b, out)); err != nil {
		t.Fatalf("%s %s: %s: %v", method, path, b, err)
	}
	return answer.StatusCode
}

// events returns an order's states as its shopper sees them.
func (h *house) events(t *testing.T, s *host.Host, id shop.OrderID) (all []rules.State) {
	t.Helper()
	var list shopapi.OrderEventList
	if status := h.door(t, s, "GET", "/orders/"+string(id)+"/events", &list); status == 200 {
		for _, e := range list.Items {
			all = append(all, rules.State(e.State))
		}
	}
	return all
}

func (h *house) until(t *testing.T, s *host.Host, id shop.OrderID, words string) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for got := h.events(t, s, id); !slices.Equal(got, states(words)); got = h.events(t, s, id) {
		if time.Now().After(deadline) {
			t.Fatalf("order %s is %v, want %s", id, got, words)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// changes collects what the service tells.
type changes struct {
	mu   sync.Mutex
	seen []internalapi.Event
	at   map[string]time.Time // by key and state
}

func (h *house) listen(t *testing.T) *changes {
	t.Helper()
	c := &changes{at: map[string]time.Time{}}
	part := h.bus.Consume("test", []string{"shop.orderprocessing.order-changed"}, func(_ context.Context, m bus.Message) error {
		var e internalapi.Event
		var o shopapi.Order
		if err := errors.Join(json.Unmarshal(m.Data, &e), json.Unmarshal(e.Data, &o)); err != nil {
			t.Error(err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.seen = append(c.seen, e)
		c.at[e.Key+" "+string(o.State)] = time.Now()
		return nil
	})
	background(t, part.Run)
	return c
}

func (c *changes) when(t *testing.T, id shop.OrderID, state rules.State) time.Time {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		c.mu.Lock()
		at, ok := c.at[string(id)+" "+string(state)]
		c.mu.Unlock()
		if ok {
			return at
		}
		if time.Now().After(deadline) {
			t.Fatalf("not told that %s is %s", id, state)
		}
		time.Sleep(time.Millisecond)
	}
}

// TestHouse takes orders through the service's own doors: from the bus, to the siblings, and back onto the bus.
func TestHouse(t *testing.T) {
	h := newHouse(t)
	s, _ := h.start(t, "orderprocessing-1")
	told := h.listen(t)
	id := orderID(1)
	h.tell(placed(id, true))
	told.when(t, id, rules.Confirmed)
	h.until(t, s, id, "pending confirmed")
	h.tell(parcel(id, shopapi.ShipmentStateBooked))
	h.tell(parcel(id, shopapi.ShipmentStateDelivered))
	told.when(t, id, rules.Delivered)
	h.until(t, s, id, "pending confirmed shipped delivered")
	var problem internalapi.Problem
	if status := h.door(t, s, "POST", "/orders/"+string(id)+"/cancel", &problem); status != 409 || !strings.HasSuffix(problem.Type, ":order-not-cancellable") {
		t.Errorf("cancelled after it was delivered: %d %+v", status, problem)
	}

	id = orderID(2)
	h.tell(placed(id, true))
	told.when(t, id, rules.Confirmed)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			var o shopapi.Order
			if status := h.door(t, s, "POST", "/orders/"+string(id)+"/cancel", &o); status != 200 || o.State != shopapi.OrderStateCancelled || o.Version != 3 {
				t.Errorf("cancelled: %d %+v", status, o)
			}
		})
	}
	all.Wait()
	told.when(t, id, rules.Cancelled)

	h.until(t, s, unheard, "pending")
	if status := h.door(t, s, "POST", "/orders/"+unheard+"/cancel", &problem); status != 409 || !strings.HasSuffix(problem.Type, ":order-not-cancellable") {
		t.Errorf("cancelled before it was heard of: %d %+v", status, problem)
	}
	for _, path := range []string{"GET /events", "POST /cancel"} {
		method, door, _ := strings.Cut(path, " ")
		if status := h.door(t, s, method, "/orders/"+string(orderID(9))+door, &problem); status != 404 || !strings.HasSuffix(problem.Type, ":order-not-found") {
			t.Errorf("%s of an order that nobody placed: %d %+v", path, status, problem)
		}
	}
}

// TestSoon: from the news that an order was placed to the news that it is confirmed it takes tens of milliseconds, of which nothing is spent
// waiting for a look. The bound leaves room for a machine that is busy.
func TestSoon(t *testing.T) {
	h := newHouse(t)
	h.start(t, "orderprocessing-1")
	told := h.listen(t)
	var took []time.Duration
	for i := range 20 {
		began := time.Now()
		h.tell(placed(orderID(i), true))
		took = append(took, told.when(t, orderID(i), rules.Confirmed).Sub(began))
	}
	slices.Sort(took)
	t.Logf("median %s, longest %s", took[len(took)/2], took[len(took)-1])
	if took[len(took)/2] > 250*time.Millisecond {
		t.Errorf("%v", took)
	}
}

// TestReplaced: a process is stopped in the middle of an order whose payment does not answer, and another one on the same database takes
// over: the order is paid for once.
func TestReplaced(t *testing.T) { replaced(t, newHouse(t)) }

func replaced(t *testing.T, h *house) {
	t.Helper()
	var mu sync.Mutex
	away := true
	h.meet = func(_ int, op saga.Op, done bool) error {
		mu.Lock()
		defer mu.Unlock()
		if op == saga.Authorise && done && away {
			return errors.New("lost")
		}
		return nil
	}
	first, stop := h.start(t, "orderprocessing-1")
	second, _ := h.start(t, "orderprocessing-2")
	told := h.listen(t)
	const n = 6
	for i := range n {
		h.tell(placed(orderID(i), true))
	}
	for i := range n {
		h.until(t, first, orderID(i), "pending")
		h.until(t, second, orderID(i), "pending")
	}
	stop()
	mu.Lock()
	away = false
	mu.Unlock()
	for i := range n {
		told.when(t, orderID(i), rules.Confirmed)
		h.until(t, second, orderID(i), "pending confirmed")
		if got := h.facts(orderID(i)); got.charges != 1 || got.stock != "kept" || got.parcel != "planned" {
			t.Errorf("%+v", got)
		}
	}
	told.mu.Lock()
	defer told.mu.Unlock()
	if len(told.seen) != n {
		t.Errorf("%d events were told", len(told.seen))
	}
}

// TestOnPostgres is the same on the other store, with what depends on how it locks.
func TestOnPostgres(t *testing.T) {
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
	for name, test := range map[string]func(*testing.T, store.Options){
		"two_shells": twoShells, "overtaken": overtaken,
		"replaced": func(t *testing.T, o store.Options) {
			replaced(t, newHouse(t, func(cfg *host.Config) { cfg.Store, cfg.DSN = o.Kind, o.DSN }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.Create(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			test(t, store.Options{Kind: store.Postgres, DSN: c.DSN(name)})
		})
	}
}
