package monolith_test

import (
	"figlab/api/shopapi"
	"figlab/internal/history"
	"fmt"
	"net/http"
	"sync"
	"testing"
)

// TestNoOversell lets sixteen shoppers fight for five pieces: five get one, the audit adds up, and nobody is charged for nothing.
func TestNoOversell(t *testing.T) {
	t.Parallel()
	for store, use := range map[string]func(*testing.T) string{"sqlite": nil, "postgres": database} {
		t.Run(store, func(t *testing.T) {
			cfg := config(t)
			if cfg.Store = store; use != nil {
				cfg.DSN = use(t)
			}
			fight(t, start(t, cfg).Addr())
		})
	}
}

func fight(t *testing.T, addr string) {
	t.Helper()
	admin := shopper{t: t, url: "http://" + addr}
	admin.signIn("admin@example.com", "figlab-admin")
	var p shopapi.Product
	admin.must("POST", "/products", shopapi.NewProduct{
		Sku: "RARE-1", Name: "Rare", Category: "rare", Price: shopapi.Price{Amount: 700, Currency: "EUR"}, WeightGrams: 9,
	}, &p)
	admin.must("POST", "/stock/"+p.Id+"/restock", shopapi.Restock{Quantity: 5}, nil)

	const shoppers = 16
	states := make([]shopapi.OrderState, shoppers)
	var all sync.WaitGroup
	for i := range shoppers {
		all.Go(func() {
			s := shopper{t: t, url: "http://" + addr}
			s.signIn(fmt.Sprintf("shopper-%04d@example.com", i+1), "figlab-shopper")
			s.must("PUT", "/cart/items/"+p.Id, shopapi.CartItemQuantity{Quantity: 1}, nil)
			var o shopapi.Order
			s.must("POST", "/orders", order(), &o)
			states[i] = o.State
		})
	}
	all.Wait()
	count := map[shopapi.OrderState]int{}
	for _, s := range states {
		count[s]++
	}
	if count[shopapi.OrderStateConfirmed] != 5 || count[shopapi.OrderStateRejected] != shoppers-5 {
		t.Errorf("5 pieces, %d shoppers: %v", shoppers, count)
	}
}

// TestAudit compares the door for oracles with what happened, field by field in the shape the oracles read.
func TestAudit(t *testing.T) {
	t.Parallel()
	m := start(t, config(t))
	s := shopper{t: t, url: "http://" + m.Addr()}
	s.signIn("admin@example.com", "figlab-admin")
	var p shopapi.Product
	s.must("POST", "/products", shopapi.NewProduct{
		Sku: "AUDIT-1", Name: "Audited", Category: "audit", Price: shopapi.Price{Amount: 1000, Currency: "EUR"}, WeightGrams: 100,
	}, &p)
	s.must("POST", "/stock/"+p.Id+"/restock", shopapi.Restock{Quantity: 9}, nil)
	s.must("PUT", "/cart/items/"+p.Id, shopapi.CartItemQuantity{Quantity: 2}, nil)
	var o shopapi.Order
	s.must("POST", "/orders", order(), &o)
	var f history.Facts
	eventually(t, "the order is delivered", func() bool {
		doors := shopper{t: t, url: "http://" + m.AdminAddr(), token: "test"}
		doors.must("GET", "/audit", nil, &f)
		return len(f.Orders) == 1 && f.Orders[0].State == "delivered"
	})
	if got := f.Stock; len(got) != 1 || got[0].OnHand != 7 || got[0].Reserved != 0 || got[0].Initial != 0 {
		t.Errorf("stock %+v", got)
	}
	if len(f.StockMoves) != 3 || f.StockMoves[2].Kind != "commit" || f.StockMoves[2].Cause != o.Id {
		t.Errorf("moves %+v", f.StockMoves)
	}
	if got := f.Orders[0]; got.ID != o.Id || got.Total != o.Total.Amount || len(got.Lines) != 1 || got.Lines[0].UnitPrice != 1000 {
		t.Errorf("order %+v", got)
	}
	var sum int64
	for _, e := range f.Ledger {
		sum += e.Amount
	}
	if len(f.Payments) != 1 || f.Payments[0].State != "captured" || len(f.Ledger) != 2 || sum != 0 {
		t.Errorf("payments %+v, ledger %+v", f.Payments, f.Ledger)
	}
	if len(f.Shipments) != 1 || f.Shipments[0].State != "delivered" || len(f.Notifications) != 3 {
		t.Errorf("shipments %+v, notifications %+v", f.Shipments, f.Notifications)
	}
	resp, err := http.Get("http://" + m.AdminAddr() + "/audit")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("the audit without the admin token answered %s", resp.Status)
	}
}
