package warehouse_test

import (
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rules "figlab/shop/warehouse"
)

// TestAnOrderGoesItsWay: every command may be repeated, and acts once.
func TestAnOrderGoesItsWay(t *testing.T) {
	s := newStand(t, 1)
	before := s.stock(t, 1)
	if before.OnHand != int64(rules.SeedStock(1, 1)) || before.Reserved != 0 || before.Version != 0 {
		t.Fatalf("seeded with %+v", before)
	}
	items := want(1, 2, 2, 5, 1, 1) // one product on two lines
	r, _ := s.ask(t, 0, 1, "", items...)
	if r.ExpiresAt == nil || time.Until(*r.ExpiresAt) < 9*time.Minute || time.Until(*r.ExpiresAt) > 10*time.Minute {
		t.Errorf("held until %v, want it for ten minutes", r.ExpiresAt)
	}
	for _, c := range []struct{ verb, state string }{
		{"", "held"},
		{"keep", "kept"},
		{"keep", "kept"},
		{"", "kept"},
		{"commit", "committed"},
		{"commit", "committed"},
		{"keep", "committed"},
		{"", "committed"},
	} {
		s.is(t, 1, c.verb, c.state, items...)
	}
	if got := s.stock(t, 1); got.OnHand != before.OnHand-3 || got.Reserved != 0 || got.Version != 2 {
		t.Errorf("then there is %+v, of %+v", got, before)
	}
	if a := s.audited(t); len(a.StockMoves) != 4 || a.Work.OrdersPending != 0 {
		t.Errorf("%d moves and %d undecided orders, want 4 and none", len(a.StockMoves), a.Work.OrdersPending)
	}
	until(t, 5*time.Second, "four changes told", func() bool { return len(s.heard("stock-changed")) == 4 })
	for i, e := range s.heard("stock-changed") {
		var st shopapi.Stock
		if err := json.Unmarshal(e.Data, &st); err != nil {
			t.Fatal(err)
		}
		if e.Version != int64(1+i/2) || st.Version != e.Version || st.ProductId != e.Key || st.Reserved == 0 != (i > 1) {
			t.Errorf("event %d of %s is version %d with %+v", i, e.Key, e.Version, st)
		}
	}
}

// TestCommandsInAnyOrder: what an order has come to decides, and a refusal changes nothing.
func TestCommandsInAnyOrder(t *testing.T) {
	s := newStand(t, 1)
	for order, c := range []struct {
		what  string
		verbs []string // before the last
		last  string
		want  string
	}{
		{"released gives back", []string{""}, "release", "released"},
		{"released twice", []string{"", "release"}, "release", "released"},
		{"released when kept", []string{"", "keep"}, "release", "released"},
		{"a reservation that comes after its release", []string{"release"}, "", "out-of-stock"},
		{"reserved again after its release", []string{"", "release"}, "", "out-of-stock"},
		{"released though unknown, twice", []string{"release"}, "release", "released"},
		{"kept after its release", []string{"", "release"}, "keep", "reservation-expired"},
		{"kept though unknown", nil, "keep", "reservation-expired"},
		{"committed after its release", []string{"", "release"}, "commit", "not-reserved"},
		{"committed though unknown", nil, "commit", "not-reserved"},
		{"committed though not kept", []string{""}, "commit", "committed"},
		{"released after it has left", []string{"", "commit"}, "release", "not-reserved"},
	} {
		t.Run(c.what, func(t *testing.T) {
			for _, verb := range c.verbs {
				s.ask(t, 0, order, verb, want(3, 1)...)
			}
			s.is(t, order, c.last, c.want, want(3, 1)...)
		})
	}
	if a := s.audited(t); a.Work.OrdersPending != 0 {
		t.Errorf("%d orders are undecided", a.Work.OrdersPending)
	}
	if got := s.stock(t, 3); got.Reserved != 0 || got.OnHand != int64(rules.SeedStock(1, 3))-2 {
		t.Errorf("two were committed, then there is %+v", got)
	}
}

// TestShort: of an order that wants more than there is nothing is kept, and it stays refused: it was rejected for that.
func TestShort(t *testing.T) {
	s := newStand(t, 1)
	plenty := int(rules.SeedStock(1, 4))
	s.is(t, 1, "", "out-of-stock", want(3, 1, 4, plenty+1)...)
	s.is(t, 1, "keep", "reservation-expired")
	s.is(t, 2, "", "out-of-stock", want(3, 1, seeded+7, 1)...) // nobody has ever seen that product
	if a := s.audited(t); len(a.StockMoves) != 0 || len(a.Stock) != 0 {
		t.Errorf("something was kept: %+v", a)
	}
	s.is(t, 1, "", "out-of-stock", want(3, 1, 4, plenty)...)
	s.is(t, 4, "", "held", want(3, 1, 4, plenty)...)
	s.is(t, 4, "", "idempotency-key-reused", want(3, 1, 4, 1)...)
	s.is(t, 3, "", "out-of-stock", want(4, 1)...)
	if a := s.audited(t); a.Work.OrdersPending != 1 {
		t.Errorf("%d orders are undecided, want 1", a.Work.OrdersPending)
	}
}

// TestExpiry: what nobody keeps ends by itself, in time, and that is told; what was kept does not.
func TestExpiry(t *testing.T) {
	s := newStand(t, 1)
	ask := func(order int) {
		t.Helper()
		in := internalapi.ReservationRequest{Items: want(5, 1), TtlSeconds: 1}
		status, refusal := call(t, "POST", fmt.Sprintf("http://%s/internal/reservations/%s", s.hosts[0].Addr(), id(order)),
			map[string]string{"X-Service-Token": s.tokens["orderprocessing"]}, in, nil)
		if status != 200 {
			t.Fatalf("reserve: %d %s", status, refusal)
		}
	}
	ask(1)
	began := time.Now()
	ask(2)
	s.is(t, 3, "", "held", want(5, 1)...) // for ten minutes
	s.is(t, 1, "keep", "kept")
	until(t, 5*time.Second, "the reservation has ended", func() bool { return len(s.heard("reservation-expired")) == 1 })
	if took := time.Since(began); took < 900*time.Millisecond || took > 2900*time.Millisecond {
		t.Errorf("it ended after %s, want a second", took)
	}
	e := s.heard("reservation-expired")[0]
	var r internalapi.Reservation
	if err := json.Unmarshal(e.Data, &r); err != nil || e.Key != id(2) || e.Version != 2 || r.State != "released" || r.OrderId != id(2) {
		t.Errorf("told %+v with %+v: %v", e, r, err)
	}
	s.is(t, 2, "keep", "reservation-expired")
	s.is(t, 2, "release", "released")
	s.is(t, 1, "commit", "committed")
	s.is(t, 3, "keep", "kept")
	if got := s.stock(t, 5); got.Reserved != 1 {
		t.Errorf("then there is %+v", got)
	}
	s.audited(t)
}

// TestTwoReplicas on each of the databases: whoever is asked, an order is reserved once, nothing is sold twice, and each order has one end.
func TestTwoReplicas(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { replicas(t, newStand(t, 2)) })
	t.Run("postgres", func(t *testing.T) { replicas(t, postgresStand(t, 2)) })
}

func replicas(t *testing.T, s *stand) {
	t.Helper()
	together(40, func(i int) { // ten orders, each four times
		if r, refusal := s.ask(t, i%2, i/4, "", want(6, 1, 7, 1)...); r.State != "held" {
			t.Errorf("order %d: %q %s", i/4, r.State, refusal)
		}
	})
	if got := s.stock(t, 6).Reserved; got != 10 {
		t.Errorf("%d pieces are reserved by ten orders", got)
	}

	plenty := int(rules.SeedStock(1, 8))
	s.is(t, 99, "", "held", want(8, plenty-12)...)
	var took, short atomic.Int64
	together(40, func(i int) { // forty orders want one of twelve, and lock two products, named in either order
		items := want(8, 1, 9, 1)
		items[0], items[i%2] = items[i%2], items[0]
		switch _, refusal := s.ask(t, i%2, 100+i, "", items...); refusal {
		case "":
			took.Add(1)
		case "out-of-stock":
			short.Add(1)
		default:
			t.Errorf("order %d: %s", 100+i, refusal)
		}
	})
	if took.Load() != 12 || short.Load() != 28 {
		t.Errorf("%d orders got one of twelve, %d did not", took.Load(), short.Load())
	}

	var ends [10]sync.Map
	together(40, func(i int) { // the ten orders: each is committed and released, on both sides
		verb := []string{"commit", "release"}[i/2%2]
		if r, refusal := s.ask(t, i%2, i/4, verb); refusal == "" {
			ends[i/4].Store(r.State, true)
		} else if refusal != "not-reserved" {
			t.Errorf("order %d: %s: %s", i/4, verb, refusal)
		}
	})
	for order := range ends {
		n := 0
		ends[order].Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Errorf("order %d has %d ends", order, n)
		}
	}

	together(20, func(i int) { // five keys, each four times
		if _, refusal := s.restock(t, i%2, product(10), 3, fmt.Sprint("the-goods-", i/4), s.admin); refusal != "" {
			t.Errorf("restock: %s", refusal)
		}
	})
	if got := s.stock(t, 10); got.OnHand != int64(rules.SeedStock(1, 10))+15 || got.Version != 5 {
		t.Errorf("five restocks of three lead to %+v", got)
	}
	s.catalog.set(false, id(7))
	together(8, func(i int) { // its row is made by whoever comes first
		if _, refusal := s.restock(t, i%2, id(7), 2, fmt.Sprint("the-first-", i/2), s.admin); refusal != "" {
			t.Errorf("first restock: %s", refusal)
		}
	})
	a := s.audited(t)
	if !slices.Contains(a.Stock, internalapi.AuditStock{ProductId: id(7), OnHand: 8}) {
		t.Errorf("four first restocks of two lead to %+v", a.Stock)
	}
	until(t, 10*time.Second, "every move told", func() bool { return len(s.heard("stock-changed")) == len(a.StockMoves) })
}

// TestRestock: an admin's business, once per key.
func TestRestock(t *testing.T) {
	s := newStand(t, 1)
	if _, refusal := s.restock(t, 0, product(1), 5, "a-key-of-mine", s.customer); refusal != "forbidden" {
		t.Errorf("a customer restocks: %q", refusal)
	}
	first, refusal := s.restock(t, 0, product(1), 5, "a-key-of-mine", s.admin)
	if again, _ := s.restock(t, 0, product(1), 5, "a-key-of-mine", s.admin); refusal != "" || first.Version != 1 || again != first {
		t.Errorf("restocked with %+v %s, and again with %+v", first, refusal, again)
	}
	if _, refusal := s.restock(t, 0, product(1), 6, "a-key-of-mine", s.admin); refusal != "idempotency-key-reused" {
		t.Errorf("another quantity under the same key: %q", refusal)
	}
	s.audited(t)
	if s.catalog.asked != 0 {
		t.Errorf("the catalog was asked %d times about a product that is here", s.catalog.asked)
	}
}

// TestNeverInStock: the catalog decides whether a product exists that has no row; while it does not answer nobody says that it does not.
func TestNeverInStock(t *testing.T) {
	s := newStand(t, 1)
	get := func(p string) (st shopapi.Stock, refusal string) {
		t.Helper()
		_, refusal = call(t, "GET", "http://"+s.hosts[0].Addr()+"/stock/"+p, nil, nil, &st)
		return st, refusal
	}
	s.catalog.set(false, id(1))
	until(t, 5*time.Second, "the catalog is found", func() bool { _, refusal := get(id(1)); return refusal == "" })
	if st, refusal := get(id(1)); refusal != "" || st != (shopapi.Stock{ProductId: id(1)}) {
		t.Errorf("of a product that exists there is %+v %s", st, refusal)
	}
	if _, refusal := get(id(2)); refusal != "product-not-found" {
		t.Errorf("a product that does not exist: %q", refusal)
	}
	if _, refusal := s.restock(t, 0, id(2), 5, "a-key-of-mine", s.admin); refusal != "product-not-found" {
		t.Errorf("goods for a product that does not exist: %q", refusal)
	}
	s.catalog.set(true)
	for what, refusal := range map[string]string{
		"stock":   second(get(id(1))),
		"restock": second(s.restock(t, 0, id(1), 5, "a-key-of-mine", s.admin)),
	} {
		if refusal == "" || refusal == "product-not-found" {
			t.Errorf("%s while the catalog fails: %q", what, refusal)
		}
	}
	if st, refusal := get(product(1)); refusal != "" || st.OnHand == 0 {
		t.Errorf("a product with a row, while the catalog fails: %+v %s", st, refusal)
	}
	if a := s.audited(t); len(a.Stock) != 0 {
		t.Errorf("something has moved: %+v", a.Stock)
	}
}

func second[A, B any](_ A, b B) B { return b }

// TestWhoMayAsk: reservations are order processing's business.
func TestWhoMayAsk(t *testing.T) {
	s := newStand(t, 1)
	for _, c := range []struct {
		who    string
		status int
	}{{"orderprocessing", 200}, {"cart", 403}, {"nobody", 401}} {
		for _, verb := range []string{"", "/keep", "/commit", "/release"} {
			url := fmt.Sprintf("http://%s/internal/reservations/%s%s", s.hosts[0].Addr(), id(1), verb)
			var in any
			if verb == "" {
				in = internalapi.ReservationRequest{Items: want(1, 1), TtlSeconds: 60}
			}
			status, refusal := call(t, "POST", url, map[string]string{"X-Service-Token": s.tokens[c.who]}, in, nil)
			if c.status != status && (c.status != 200 || status != 409) {
				t.Errorf("%s asks %q: %d %s, want %d", c.who, verb, status, refusal, c.status)
			}
		}
	}
	if status, _ := call(t, "GET", "http://"+s.hosts[0].Addr()+"/products/"+product(1)+"/page", nil, nil, nil); status != 503 {
		t.Errorf("the page of a product: %d", status)
	}
}
