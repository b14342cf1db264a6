package monolith_test

import (
	"bytes"
	"encoding/json"
	"figlab/api/shopapi"
	"figlab/internal/history"
	"figlab/monolith"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	catalog "figlab/shop/catalog"
)

// onEachStore runs a test against a monolith with partners of its own, on SQLite and, when there is one, on Postgres. On Postgres no use
// case may have waited for another that waited for it.
func onEachStore(t *testing.T, change func(*monolith.Config), test func(t *testing.T, m *monolith.Monolith)) {
	t.Helper()
	for store, use := range map[string]func(*testing.T) string{"sqlite": nil, "postgres": database} {
		t.Run(store, func(t *testing.T) {
			cfg := config(t)
			if cfg.Store = store; use != nil {
				cfg.DSN = use(t)
			}
			change(&cfg)
			test(t, start(t, cfg))
			if use == nil {
				return
			}
			if n := deadlocks(t, cfg.DSN); n != 0 {
				t.Errorf("Postgres broke up %d deadlocks", n)
			}
		})
	}
}

// TestCancelAgainstDispatcher cancels orders at the moment they leave the house. Each ends cancelled with everything undone or delivered
// with everything done, and the two never wait for each other.
func TestCancelAgainstDispatcher(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(c *monolith.Config) { c.DispatchDelay = 30 * time.Millisecond }, func(t *testing.T, m *monolith.Monolith) {
		const shoppers, rounds = 6, 8
		var all sync.WaitGroup
		for i := range shoppers {
			all.Go(func() {
				s := shopper{t: t, url: "http://" + m.Addr()}
				s.signIn(fmt.Sprintf("shopper-%04d@example.com", i+1), "figlab-shopper")
				for n := range rounds {
					s.must("PUT", "/cart/items/"+shared(), shopapi.CartItemQuantity{Quantity: 1}, nil)
					var o shopapi.Order
					s.must("POST", "/orders", order(), &o)
					time.Sleep(time.Duration(20+(i*rounds+n)%20) * time.Millisecond) // around the moment of dispatch
					s.send("POST", "/orders/"+o.Id+"/cancel")
				}
			})
		}
		all.Wait()
		var f history.Facts
		doors := shopper{t: t, url: "http://" + m.AdminAddr(), token: "test"}
		eventually(t, "all orders are over", func() bool {
			f = history.Facts{}
			doors.must("GET", "/audit", nil, &f)
			return f.Work.ShipmentsPending == 0 && f.Work.PaymentsInitiated == 0
		})
		states := map[string]int{}
		for _, o := range books(t, m.AdminAddr(), nil).Orders {
			states[o.State]++
		}
		if states["cancelled"]+states["delivered"] != shoppers*rounds {
			t.Errorf("%v", states)
		}
		t.Logf("%v", states)
	})
}

// shared is a product that all orders want, so that they meet on one row of stock.
func shared() string { return string(catalog.SeedID(1, 3)) }

// TestRestockAtOnce receives goods eight times at once under one key, of a product that never was in stock: they arrive once, and each
// request is told so.
func TestRestockAtOnce(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(*monolith.Config) {}, func(t *testing.T, m *monolith.Monolith) {
		admin := shopper{t: t, url: "http://" + m.Addr(), key: "truck-0001"}
		admin.signIn("admin@example.com", "figlab-admin")
		for round := range 5 {
			var p shopapi.Product
			admin.must("POST", "/products", shopapi.NewProduct{
				Sku: fmt.Sprintf("NEW-%d", round), Name: "New", Category: "new",
				Price: shopapi.Price{Amount: 700, Currency: "EUR"}, WeightGrams: 9,
			}, &p)
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					var got shopapi.Stock
					one := admin
					if one.must("POST", "/stock/"+p.Id+"/restock", shopapi.Restock{Quantity: 4}, &got); got.OnHand != 4 {
						t.Errorf("after a truck of 4: %+v", got)
					}
				})
			}
			all.Wait()
		}
		books(t, m.AdminAddr(), nil)
	})
}

// TestOneKeyAtOnce places one order with eight requests at once while the provider is slow: all get the same order, one charge.
func TestOneKeyAtOnce(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(*monolith.Config) {}, func(t *testing.T, m *monolith.Monolith) {
		s := shopper{t: t, url: "http://" + m.Addr()}
		s.signIn("shopper-0007@example.com", "figlab-shopper")
		s.must("PUT", "/cart/items/"+shared(), shopapi.CartItemQuantity{Quantity: 3}, nil)
		s.key = "at-once-0001"
		ids := make([]string, 8)
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() {
				one, o := s, shopapi.Order{}
				one.must("POST", "/orders", order(), &o)
				ids[i] = o.Id
			})
		}
		all.Wait()
		if f := books(t, m.AdminAddr(), nil); len(f.Orders) != 1 || len(f.Payments) != 1 {
			t.Errorf("%d orders, %d payments", len(f.Orders), len(f.Payments))
		}
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("one key, several orders: %v", ids)
			}
		}
	})
}

// send calls without a body and does not mind the answer, unless it is a failure of the shop.
func (s *shopper) send(method, path string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, bytes.NewReader(nil))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusInternalServerError {
		var problem map[string]any
		_ = json.NewDecoder(resp.Body).Decode(&problem)
		s.t.Errorf("%s %s: %s %v", method, path, resp.Status, problem)
	}
}
