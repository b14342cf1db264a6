package orderprocessing

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/microservices/orderprocessing/saga"
	"figlab/microservices/platform/inbox"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	rules "figlab/shop/orderprocessing"
)

// A world is everybody orders have to do with. Each acts once per order, as they owe it.
type world struct {
	wrong

	mu     sync.Mutex
	orders map[shop.OrderID]*facts
	calls  []saga.Op
	// meet is asked before an operation has its effect, and after it; an error is all that the shell hears then.
	meet func(n int, op saga.Op, done bool) error
}

// wrong is what goes wrong: no pieces, no money, too late to keep, too late to recall.
type wrong struct{ short, declined, expired, gone bool }

// facts are what the world knows of an order.
type facts struct {
	stock, money, parcel string
	charges, refunds     int
}

func (w *world) of(id shop.OrderID) *facts {
	if w.orders == nil {
		w.orders = map[shop.OrderID]*facts{}
	}
	if w.orders[id] == nil {
		w.orders[id] = &facts{}
	}
	return w.orders[id]
}

// Ask carries an operation out.
func (w *world) Ask(ctx context.Context, op saga.Op, o Order) (string, saga.Outcome, error) {
	w.mu.Lock()
	w.calls = append(w.calls, op)
	n, meet := len(w.calls), w.meet
	w.mu.Unlock()
	if meet != nil {
		if err := meet(n, op, false); err != nil {
			return "", saga.Unknown, err
		}
	}
	w.mu.Lock()
	id, said := w.act(w.of(o.ID), op, o)
	w.mu.Unlock()
	if meet != nil {
		if err := meet(n, op, true); err != nil {
			return "", saga.Unknown, err
		}
	}
	if ctx.Err() != nil {
		return "", saga.Unknown, ctx.Err()
	}
	return id, said, nil
}

func (w *world) act(f *facts, op saga.Op, o Order) (string, saga.Outcome) {
	refusedIf := func(refused bool) saga.Outcome {
		if refused {
			return saga.Refused
		}
		return saga.Done
	}
	switch op {
	case saga.Reserve:
		if f.stock == "" && !w.short {
			f.stock = "held"
		}
		return "", refusedIf(f.stock == "" || f.stock == "released")
	case saga.Keep:
		if f.stock == "held" && w.expired {
			f.stock = "released"
		} else if f.stock == "held" {
			f.stock = "kept"
		}
		return "", refusedIf(f.stock == "released")
	case saga.Release:
		if f.stock != "committed" {
			f.stock = "released"
		}
		return "", refusedIf(f.stock == "committed")
	case saga.Commit:
		if f.stock == "kept" {
			f.stock = "committed"
		}
		return "", refusedIf(f.stock != "committed")
	case saga.Authorise:
		if f.money == "" && w.declined {
			f.money = "declined"
		} else if f.money == "" {
			f.money = "captured"
			f.charges++
		}
		return paymentOf(o.ID), refusedIf(f.money == "declined")
	case saga.Refund:
		if f.money == "captured" {
			f.money = "refunded"
			f.refunds++
		}
		return "", saga.Done
	case saga.Plan:
		if f.parcel == "" {
			f.parcel = "planned"
		}
		return shipmentOf(o.ID), saga.Done
	case saga.Recall:
		if f.parcel == "planned" && !w.gone {
			f.parcel = "recalled"
		}
		return "", refusedIf(f.parcel != "recalled")
	}
	return "", saga.Unknown
}

// Find answers for order taking.
func (w *world) Find(_ context.Context, id shop.OrderID) (shopapi.Order, error) {
	if id == unheard {
		return shopapi.Order{Id: string(id), CreatedAt: born}, nil
	}
	return shopapi.Order{}, shop.ErrNoOrder
}

const (
	shopper = "0198a000-0000-7000-8000-000000000001"
	nobody  = "0198a000-0000-7000-8000-000000000002"
	unheard = "0198a000-0000-7000-8000-000000000003"
	goods   = "0198a000-0000-7000-8000-000000000004"
)

var born = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

func orderID(i int) shop.OrderID {
	return shop.OrderID(fmt.Sprintf("0198b000-0000-7000-8000-%012d", i))
}
func paymentOf(id shop.OrderID) string  { return strings.Replace(string(id), "0198b", "0198c", 1) }
func shipmentOf(id shop.OrderID) string { return strings.Replace(string(id), "0198b", "0198d", 1) }

// A shell is a process without its doors.
type shell struct {
	*Processing
	inbox *inbox.Consumer
	stop  func()
}

// newShell opens a shell on a database. It does nothing by itself before it is run.
func newShell(t testing.TB, o store.Options, name string, w *world) *shell {
	t.Helper()
	o.Name, o.Migrations = "orderprocessing", migrations
	db, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	deps := process.Real(name, nil, t.Output())
	deps.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	s := &shell{Processing: &Processing{
		db: db, out: outbox.New(shop.OrderProcessing, deps), ask: w, took: w, deps: deps, desk: newDesk(),
	}}
	s.inbox = inbox.New(s.subscription(), db, deps)
	s.stop = sync.OnceFunc(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

// run has the shell work. kill ends it in the middle of whatever it does: nothing is finished.
func (s *shell) run(t testing.TB) (kill func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	carry := func(_ context.Context, id shop.OrderID) { s.carry(ctx, id) }
	var all sync.WaitGroup
	for _, part := range []process.Part{s.desk.workers(carry), s.sweeper()} {
		all.Go(func() {
			if err := part.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	closing := s.stop
	s.stop = sync.OnceFunc(func() { cancel(); all.Wait(); closing() })
	t.Cleanup(s.stop)
	return cancel
}

// hears gives the shell events in one batch, and fails on an error.
func (s *shell) hears(t testing.TB, events ...internalapi.Event) {
	t.Helper()
	for i, err := range s.take(t, events...) {
		if err != nil {
			t.Errorf("%s: %v", events[i].Type, err)
		}
	}
}

func (s *shell) take(t testing.TB, events ...internalapi.Event) []error {
	t.Helper()
	messages := make([]bus.Message, len(events))
	for i, e := range events {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		messages[i] = bus.Message{ID: e.Id, Data: b}
	}
	return s.inbox.Handle(t.Context(), messages)
}

func event(by shop.Capability, kind string, schema int, key string, data any) internalapi.Event {
	b, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	user := shopper
	return internalapi.Event{
		Id: process.Real("", nil, nil).IDs.New(), Capability: string(by), Type: kind, Schema: schema, Key: key, Version: 1, Origin: "app",
		OccurredAt: born, UserId: &user, Data: b,
	}
}

// image is an order as it was placed.
func image(id shop.OrderID) shopapi.Order {
	euro := func(n int64) shopapi.Money { return shopapi.Money{Amount: n, Currency: "EUR"} }
	return shopapi.Order{
		Id: string(id), State: shopapi.OrderStatePending, Version: 1, CreatedAt: born, UpdatedAt: born,
		Lines:    []shopapi.OrderLine{{ProductId: goods, Name: "cup", Quantity: 3, UnitPrice: euro(500), LineTotal: euro(1500)}},
		Subtotal: euro(1500), Shipping: euro(490), Total: euro(1990), ShippingService: "standard",
		ShippingAddress: shopapi.Address{Line1: "1 Lane", City: "Ulm", Postcode: "89073", Country: "DE"},
	}
}

func placed(id shop.OrderID, forSale bool) internalapi.Event {
	b, err := json.Marshal(image(id))
	if err != nil {
		panic(err)
	}
	return event(shop.OrderTaking, "order-placed", 2, string(id), internalapi.PlacedOrder{
		Order: b, UserId: shopper, IdempotencyKey: "k", PaymentToken: "tok_ok", ForSale: forSale, WeightGrams: 700,
	})
}

func parcel(id shop.OrderID, state shopapi.ShipmentState) internalapi.Event {
	return event(shop.Logistics, "shipment-changed", 1, shipmentOf(id), shopapi.Shipment{Id: shipmentOf(id), OrderId: string(id), State: state})
}

// stands is where an order is.
func (s *shell) stands(t testing.TB, id shop.OrderID) Order {
	t.Helper()
	o, err := find(s.db.Read(t.Context()), id)
	if err != nil && !errors.Is(err, store.ErrNone) {
		t.Fatal(err)
	}
	return o
}

// until waits for a state and for nothing to be left to do, but not for the sweeper to find what somebody should be at work on.
func (s *shell) until(t testing.TB, id shop.OrderID, want rules.State) Order {
	t.Helper()
	return s.within(t, 5*time.Second, id, want)
}

func (s *shell) within(t testing.TB, bound time.Duration, id shop.OrderID, want rules.State) Order {
	t.Helper()
	deadline := time.Now().Add(bound)
	for {
		o := s.stands(t, id)
		if o.Last.State == want && !saga.Open(o.State) {
			return o
		}
		if time.Now().After(deadline) {
			t.Fatalf("order %s is %+v, want it %s", id, o.State, want)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// told returns what was told of an order, and checks that it is whole: events and what was published say the same, in order.
func (s *shell) told(t testing.TB, id shop.OrderID) []rules.State {
	t.Helper()
	list, err := s.Events(t.Context(), shopper, id)
	if err != nil {
		t.Fatal(err)
	}
	var bodies []string
	if err := s.db.Read(t.Context()).Raw("SELECT body FROM platform_outbox ORDER BY seq").Scan(&bodies).Error; err != nil {
		t.Fatal(err)
	}
	published := map[int64]shopapi.Order{}
	for _, b := range bodies {
		var e internalapi.Event
		var o shopapi.Order
		if err := errors.Join(json.Unmarshal([]byte(b), &e), json.Unmarshal(e.Data, &o)); err != nil {
			t.Fatal(err)
		}
		if e.Key != string(id) {
			continue
		}
		if _, twice := published[e.Version]; twice || e.Version != o.Version || e.Type != "order-changed" || e.Schema != 1 || e.UserId == nil || *e.UserId != shopper {
			t.Errorf("published %s", b)
		}
		published[e.Version] = o
	}
	if len(published) != len(list)-1 {
		t.Errorf("%d events, %d published", len(list), len(published))
	}
	var states []rules.State
	for i, e := range list {
		states = append(states, e.State)
		if e.Sequence != int64(i+1) {
			t.Errorf("event %d has number %d", i+1, e.Sequence)
		}
		if o := published[e.Sequence]; i > 0 && (o.State != shopapi.OrderState(e.State) || !o.UpdatedAt.Equal(e.At) || o.Total.Amount != 1990 || len(o.Lines) != 1) {
			t.Errorf("event %+v was published as %+v", e, o)
		}
	}
	return states
}

func states(words string) (out []rules.State) {
	for _, w := range strings.Fields(words) {
		out = append(out, rules.State(w))
	}
	return out
}

func sqlite(t testing.TB) store.Options {
	t.Helper()
	return store.Options{Kind: store.SQLite, Dir: t.TempDir()}
}

func (w *world) asked() []saga.Op {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

func (w *world) facts(id shop.OrderID) facts {
	w.mu.Lock()
	defer w.mu.Unlock()
	return *w.of(id)
}
