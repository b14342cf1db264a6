package monolith_test

import (
	"context"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/internal/bus"
	"figlab/internal/history"
	"figlab/internal/process"
	"figlab/monolith"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/outbox"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestEventsLeaveInTheOrderOfVersions walks orders along every path and carries the outbox away: whatever an event is about, its versions
// begin with 1 and grow by 1, and an order begins with having been placed.
func TestEventsLeaveInTheOrderOfVersions(t *testing.T) {
	t.Parallel()
	for store, use := range map[string]func(*testing.T) string{"sqlite": nil, "postgres": database} {
		t.Run(store, func(t *testing.T) {
			cfg := config(t)
			if cfg.Store = store; use != nil {
				cfg.DSN = use(t)
			}
			cfg.DispatchDelay = 2 * time.Second
			m := start(t, cfg)
			want := paths(t, m)
			events := carryAway(t, m, db.Options{Store: cfg.Store, Dir: cfg.Data, DSN: cfg.DSN})
			inOrder(t, events)
			placedFirst(t, events, want)
		})
	}
}

// paths walks every path of an order and returns the states that each order went through.
func paths(t *testing.T, m *monolith.Monolith) map[string][]string {
	t.Helper()
	s := shopper{t: t, url: "http://" + m.Addr()}
	s.signIn("admin@example.com", "figlab-admin")
	var p shopapi.Product
	s.must("POST", "/products", shopapi.NewProduct{
		Sku: "RARE-2", Name: "Rare", Category: "rare", Price: shopapi.Price{Amount: 700, Currency: "EUR"}, WeightGrams: 9,
	}, &p)
	s.must("POST", "/stock/"+p.Id+"/restock", shopapi.Restock{Quantity: 5}, nil)
	place := func(product string, quantity int64, card string) (o shopapi.Order) {
		s.must("DELETE", "/cart", nil, nil)
		s.must("PUT", "/cart/items/"+product, shopapi.CartItemQuantity{Quantity: quantity}, nil)
		wanted := order()
		wanted.PaymentToken = card
		s.must("POST", "/orders", wanted, &o)
		return o
	}
	want := map[string][]string{
		place(p.Id, 6, "tok_ok").Id:       {"pending", "rejected"},
		place(p.Id, 5, "tok_declined").Id: {"pending", "rejected"},
	}
	delivered := place(p.Id, 2, "tok_ok")
	want[delivered.Id] = []string{"pending", "confirmed", "shipped", "delivered"}
	cancelled := place(p.Id, 1, "tok_ok")
	s.must("POST", "/orders/"+cancelled.Id+"/cancel", nil, nil)
	want[cancelled.Id] = []string{"pending", "confirmed", "cancelled"}
	refunded := place(p.Id, 1, "tok_ok")
	s.must("POST", "/payments/"+*refunded.PaymentId+"/refund", shopapi.Refund{Amount: shopapi.Price{Amount: 100, Currency: "EUR"}}, nil)
	want[refunded.Id] = []string{"pending", "confirmed", "shipped", "delivered"}
	s.must("PUT", "/cart/items/"+p.Id, shopapi.CartItemQuantity{Quantity: 1}, nil)
	s.must("PATCH", "/products/"+p.Id, shopapi.ProductPatch{OnSale: new(false)}, nil)
	var o shopapi.Order
	s.must("POST", "/orders", order(), &o)
	want[o.Id] = []string{"pending", "rejected"}
	for _, id := range []string{delivered.Id, refunded.Id} {
		eventually(t, "the order is delivered", func() bool {
			s.must("GET", "/orders/"+id, nil, &o)
			return o.State == shopapi.OrderStateDelivered
		})
	}
	return want
}

// collected is a bus that keeps what it is handed.
type collected struct {
	mu     sync.Mutex
	events []internalapi.Event
}

func (c *collected) Publish(_ context.Context, messages ...bus.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range messages {
		var e internalapi.Event
		if err := json.Unmarshal(m.Data, &e); err != nil {
			return err
		}
		c.events = append(c.events, e)
	}
	return nil
}

// carryAway runs a relay until the outbox is empty.
func carryAway(t *testing.T, m *monolith.Monolith, o db.Options) []internalapi.Event {
	t.Helper()
	d, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var c collected
	relay := outbox.Relay(d, &c, deps(t, "relay"))
	stop := runUntil(t, func(ctx context.Context) error { return process.Run(ctx, 5*time.Second, relay) })
	doors := shopper{t: t, url: "http://" + m.AdminAddr(), token: "test"}
	eventually(t, "the outbox is empty", func() bool {
		var f history.Facts
		doors.must("GET", "/audit", nil, &f)
		return f.Work.OutboxUnpublished == 0
	})
	stop()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	return c.events
}

func inOrder(t *testing.T, events []internalapi.Event) {
	t.Helper()
	versions := map[string][]int64{}
	for _, e := range events {
		if e.Capability == "catalog" || e.Capability == "warehouse" {
			e.Key = e.Capability + " " + e.Key // they share the product's id, each with versions of its own
		}
		versions[e.Key] = append(versions[e.Key], e.Version)
	}
	for key, got := range versions {
		for i, v := range got {
			if v != int64(i)+1 {
				t.Errorf("%s left in versions %v", key, got)
				break
			}
		}
	}
}

// placedFirst compares the events of each order with its path.
func placedFirst(t *testing.T, events []internalapi.Event, want map[string][]string) {
	t.Helper()
	states := map[string][]string{}
	for _, e := range events {
		if want[e.Key] == nil {
			continue
		}
		if placed := e.Type == "order-placed"; placed != (e.Version == 1) {
			t.Errorf("order %s: version %d is %s", e.Key, e.Version, e.Type)
		}
		var o shopapi.Order
		if err := json.Unmarshal(e.Data, &o); err != nil {
			t.Fatal(err)
		}
		if o.Version != e.Version || o.Id != e.Key {
			t.Errorf("version %d of %s shows version %d of %s", e.Version, e.Key, o.Version, o.Id)
		}
		states[e.Key] = append(states[e.Key], string(o.State))
	}
	for id, path := range want {
		if !slices.Equal(states[id], path) {
			t.Errorf("order %s was to go through %v, its events tell %v", id, path, states[id])
		}
	}
}
