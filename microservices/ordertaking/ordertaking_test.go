package ordertaking_test

import (
	"encoding/json"
	"figlab/api/events"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
)

// TestPlace: prices are those of the moment, the cart is emptied, the event tells all that order processing needs, and what was answered is
// what is read.
func TestPlace(t *testing.T) {
	s := newStand(t, 2)
	who := s.shopper(t)
	s.town.fill(who, 2, "cup", "gone for ever", "spoon")
	a := s.place(t, 0, who, "first-order", nil)
	if a.status != 201 || a.replayed || a.order.State != shopapi.OrderStatePending || a.order.Version != 1 {
		t.Fatalf("placed: %+v", a)
	}
	want := []shopapi.OrderLine{
		{ProductId: id("cup"), Name: "cup", Quantity: 2, UnitPrice: euro(100), LineTotal: euro(200)},
		{ProductId: id("spoon"), Name: "spoon", Quantity: 2, UnitPrice: euro(200), LineTotal: euro(400)},
	}
	if !reflect.DeepEqual(a.order.Lines, want) || a.order.Subtotal != euro(600) || a.order.Shipping != euro(490) || a.order.Total != euro(1090) {
		t.Errorf("lines and sums: %+v", a.order)
	}
	if s.town.weight != "DE 60" || len(s.town.cart(who).Items) > 0 || s.town.asked(a.order.Id) != 1 {
		t.Errorf("weighed %q, the cart holds %v", s.town.weight, s.town.cart(who).Items)
	}
	r, err := s.api(t, 1, who).GetOrderWithResponse(t.Context(), a.order.Id)
	if err != nil || r.JSON200 == nil || !reflect.DeepEqual(*r.JSON200, a.order) {
		t.Errorf("read %s, answered %+v (%v)", r.Body, a.order, err)
	}
	if r, err := s.api(t, 1, s.shopper(t)).GetOrderWithResponse(t.Context(), a.order.Id); err != nil || code(r.StatusCode(), r.Body) != "order-not-found" {
		t.Errorf("somebody else reads %s (%v)", r.Body, err)
	}
	p := s.placed(t, who)
	if p.UserId != who.id || p.IdempotencyKey != "first-order" || p.PaymentToken != "tok_ok" || !p.ForSale || p.WeightGrams != 60 {
		t.Errorf("told %+v", p)
	}
	var told shopapi.Order
	if err := json.Unmarshal(p.Order, &told); err != nil || !reflect.DeepEqual(told, a.order) {
		t.Errorf("told of %s, answered %+v (%v)", p.Order, a.order, err)
	}
	s.town.fill(who, 1, "cup", "saucer")
	s.town.change(func() {
		p := s.town.products[id("saucer")]
		p.OnSale = false
		s.town.products[id("saucer")] = p
	})
	if b := s.place(t, 1, who, "second-order", nil); b.status != 201 || !slices.Equal(ids(s.orders(t, who)), []string{b.order.Id, a.order.Id}) {
		t.Errorf("%+v, listed are %v", b, ids(s.orders(t, who)))
	}
	until(t, "the second is told", func() bool { return len(s.told(who.id)) == 2 })
	if e := s.told(who.id)[1]; json.Unmarshal(e.Data, &p) != nil || p.ForSale {
		t.Error("what is not on sale is told as if it were")
	}
}

// placed is what was told of the shopper's only order; it keeps to the shape of its kind.
func (s *stand) placed(t *testing.T, who shopper) (p internalapi.PlacedOrder) {
	t.Helper()
	until(t, "the order is told", func() bool { return len(s.told(who.id)) > 0 })
	told := s.told(who.id)
	if err := json.Unmarshal(told[0].Data, &p); err != nil || len(told) != 1 || told[0].Type != "order-placed" || told[0].Schema != 2 || told[0].Version != 1 {
		t.Fatalf("told %+v (%v)", told, err)
	}
	schemas, err := events.NewSchemas()
	if err != nil {
		t.Fatal(err)
	}
	if err := schemas.Check(told[0]); err != nil {
		t.Error(err)
	}
	return p
}

// TestReplay: a key that comes again finds its order, whatever has come into the cart since; with another request it is refused.
func TestReplay(t *testing.T) {
	s := newStand(t, 2)
	who, other := s.shopper(t), s.shopper(t)
	s.town.fill(who, 1, "cup")
	first := s.place(t, 0, who, "same-key-again", nil)
	s.town.fill(who, 1, "spoon")
	s.town.fill(other, 1, "spoon")
	again := s.place(t, 1, who, "same-key-again", nil)
	if again.status != 201 || !again.replayed || !reflect.DeepEqual(again.order, first.order) {
		t.Errorf("again: %+v, first %+v", again, first)
	}
	express := func(o *shopapi.NewOrder) { o.ShippingService = shopapi.Express }
	if a := s.place(t, 1, who, "same-key-again", express); a.status != 409 || a.code != "idempotency-key-reused" {
		t.Errorf("another request under the key: %+v", a)
	}
	if a := s.place(t, 1, other, "same-key-again", nil); a.status != 201 || a.replayed || a.order.Id == first.order.Id {
		t.Errorf("somebody else's request under the key: %+v", a)
	}
	if len(s.town.cart(who).Items) != 1 {
		t.Error("a replay empties the cart")
	}
}

// TestEmptyCart: nothing is ordered, and the key is free.
func TestEmptyCart(t *testing.T) {
	s := newStand(t, 1)
	who := s.shopper(t)
	for _, goods := range [][]string{nil, {"gone for ever"}} {
		s.town.fill(who, 1, goods...)
		if a := s.place(t, 0, who, "later-it-works", nil); a.status != 409 || a.code != "empty-cart" {
			t.Errorf("an order of %v: %+v", goods, a)
		}
	}
	s.town.fill(who, 1, "cup")
	if a := s.place(t, 0, who, "later-it-works", nil); a.status != 201 || a.replayed {
		t.Errorf("with something in it: %+v", a)
	}
}

// manyKeys: what lies in a cart at one version is ordered once, although no cart is emptied meanwhile.
func (s *stand) manyKeys(t *testing.T) {
	t.Helper()
	who := s.shopper(t)
	s.town.fill(who, 1, "cup")
	s.town.say("/internal/cart/ordered", away())
	defer s.town.say("/internal/cart/ordered", nil)
	var placed, refused atomic.Int64
	together(16, func(i int) {
		switch a := s.place(t, i%2, who, fmt.Sprint("many-keys-", i), nil); {
		case a.status == 201 && !a.replayed:
			placed.Add(1)
		case a.code == "empty-cart":
			refused.Add(1)
		default:
			t.Errorf("answered %+v", a)
		}
	})
	if placed.Load() != 1 || refused.Load() != 15 || len(s.orders(t, who)) != 1 {
		t.Errorf("%d placed, %d refused, there are %d orders", placed.Load(), refused.Load(), len(s.orders(t, who)))
	}
	s.placed(t, who)
}

// oneKey: one request that comes many times at once is one order.
func (s *stand) oneKey(t *testing.T) {
	t.Helper()
	who := s.shopper(t)
	s.town.fill(who, 1, "cup")
	answers := make([]answer, 16)
	together(len(answers), func(i int) { answers[i] = s.place(t, i%2, who, "one-key-for-all", nil) })
	first := 0
	for _, a := range answers {
		if a.status != 201 || a.order.Id != answers[0].order.Id {
			t.Errorf("answered %+v, others %+v", a, answers[0])
		}
		if !a.replayed {
			first++
		}
	}
	if orders := s.orders(t, who); first != 1 || len(orders) != 1 || s.town.asked(orders[0].Id) != 1 {
		t.Errorf("%d say that they were first, there are %d orders", first, len(orders))
	}
	s.placed(t, who)
}

func TestAtOnce(t *testing.T) {
	s := newStand(t, 2)
	t.Run("many keys", s.manyKeys)
	t.Run("one key", s.oneKey)
}

func TestPostgres(t *testing.T) {
	s := postgresStand(t, 2)
	t.Run("many keys", s.manyKeys)
	t.Run("one key", s.oneKey)
	t.Run("follows", s.follows)
}

// TestSiblingAway: without one of those who are needed nothing is ordered, and the same key works when it is back.
func TestSiblingAway(t *testing.T) {
	s := newStand(t, 1)
	for path, refusals := range map[string][]string{
		"/internal/cart": {"unavailable"}, "/internal/products/lookup": {"unavailable", "forbidden"}, "/shipping/quotes": {"unavailable"},
	} {
		t.Run(path, func(t *testing.T) {
			who := s.shopper(t)
			s.town.fill(who, 1, "cup")
			for _, kind := range refusals {
				s.town.say(path, &problem.Error{Kind: kind, Code: "closed", Detail: "closed"})
				if a := s.place(t, 0, who, "when-it-is-back", nil); a.status != 503 {
					t.Errorf("%s: %+v", kind, a)
				}
			}
			if n := len(s.orders(t, who)); n > 0 || len(s.town.cart(who).Items) != 1 {
				t.Errorf("%d orders were placed", n)
			}
			s.town.say(path, nil)
			until(t, "the key works", func() bool { a := s.place(t, 0, who, "when-it-is-back", nil); return a.status == 201 && !a.replayed })
			s.placed(t, who)
		})
	}
}

// TestShippingRefused: what logistics says about an address is for the shopper.
func TestShippingRefused(t *testing.T) {
	s := newStand(t, 1)
	who := s.shopper(t)
	s.town.fill(who, 1, "cup")
	express := func(o *shopapi.NewOrder) { o.ShippingService = shopapi.Express }
	if a := s.place(t, 0, who, "shipped-nowhere", express); a.status != 422 || a.code != "no-shipping" {
		t.Errorf("a service that is not offered: %+v", a)
	}
	s.town.say("/shipping/quotes", &problem.Error{Kind: "invalid", Code: "not-there", Detail: "nobody goes there"})
	if a := s.place(t, 0, who, "shipped-nowhere", nil); a.status != 422 || a.code != "not-there" {
		t.Errorf("where nobody goes: %+v", a)
	}
	if n := len(s.orders(t, who)); n > 0 {
		t.Errorf("%d orders were placed", n)
	}
}

// TestCartCallLost: the order stands and is told of, whatever becomes of the call that empties the cart.
func TestCartCallLost(t *testing.T) {
	s := newStand(t, 1)
	t.Run("away", func(t *testing.T) {
		s.town.say("/internal/cart/ordered", away())
		defer s.town.say("/internal/cart/ordered", nil)
		s.stands(t)
	})
	t.Run("answer lost", func(t *testing.T) {
		s.town.change(func() { s.town.lost = "/internal/cart/ordered" })
		defer s.town.change(func() { s.town.lost = "" })
		order := s.stands(t)
		if n := s.town.asked(order); n < 2 {
			t.Errorf("asked %d times: the cart acts once per order, so it may be asked again", n)
		}
	})
}

func (s *stand) stands(t *testing.T) (order string) {
	t.Helper()
	who := s.shopper(t)
	s.town.fill(who, 3, "cup")
	a := s.place(t, 0, who, "the-order-stands", nil)
	if a.status != 201 || a.replayed {
		t.Fatalf("placed: %+v", a)
	}
	var told shopapi.Order
	if err := json.Unmarshal(s.placed(t, who).Order, &told); err != nil || told.Id != a.order.Id || told.Lines[0].Quantity != 3 {
		t.Errorf("told of %+v (%v)", told, err)
	}
	return a.order.Id
}

func away() error { return &problem.Error{Kind: "unavailable", Code: "away", Detail: "closed"} }

func euro(amount int64) shopapi.Money { return shopapi.Money{Amount: amount, Currency: "EUR"} }

func ids(orders []shopapi.Order) (ids []string) {
	for _, o := range orders {
		ids = append(ids, o.Id)
	}
	return ids
}
