package cart_test

import (
	"encoding/json"
	"figlab/api/contract"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/internal/bus"
	"figlab/microservices/cart"
	"fmt"
	"maps"
	"testing"
	"time"
)

// TestCart: what a shopper does, at the prices of today.
func TestCart(t *testing.T) {
	s := newStand(t, 1)
	c, who := s.at(0), s.user(t)
	if empty, _ := c.get(t, who); len(empty.Items) != 0 || empty.Version != 0 || empty.Subtotal != (shopapi.Money{Currency: "EUR"}) {
		t.Errorf("a new cart is %+v", empty)
	}
	cup, plate := s.catalog.put("cup", 250), s.catalog.put("plate", 775)
	c.put(t, who, cup, 3)
	if two := c.put(t, who, plate, 2); two.Subtotal.Amount != 3*250+2*775 || two.Version != 2 || two.Items[0].LineTotal.Amount != 750 {
		t.Errorf("two products are %+v", two)
	}
	s.catalog.edit(cup, func(p *internalapi.FoundProduct) { p.Price, p.OnSale = 300, false })
	if got, _ := c.get(t, who); got.Items[0].UnitPrice.Amount != 300 || got.Version != 2 || got.Items[0].Name != "cup" {
		t.Errorf("at another price it is %+v", got)
	}
	if got, _ := c.get(t, s.user(t)); len(got.Items) != 0 {
		t.Errorf("somebody else sees %+v", got)
	}
	put := func(product string) func(any) answer {
		return func(out any) answer {
			return c.public(t, who, "PUT", "/cart/items/"+product, shopapi.CartItemQuantity{Quantity: 1}, out)
		}
	}
	refused(t, 409, "not-for-sale", put(cup))
	refused(t, 404, "product-not-found", put(newID()))
	refused(t, 401, "unauthenticated", func(out any) answer { return c.call(t, nil, "GET", "/cart", nil, out) })

	var less, same, none, more shopapi.Cart
	c.public(t, who, "DELETE", "/cart/items/"+cup, nil, &less)
	c.public(t, who, "DELETE", "/cart/items/"+cup, nil, &same)
	if less.Version != 3 || same.Version != 3 || !maps.Equal(quantities(less), map[string]int64{plate: 2}) {
		t.Errorf("removed: %+v, and again: %+v", less, same)
	}
	c.public(t, who, "DELETE", "/cart", nil, &none)
	more = c.put(t, who, plate, 1)
	if none.Version != 4 || len(none.Items) != 0 || more.Version != 5 {
		t.Errorf("cleared to %+v, then filled to %+v: the version begins anew", none, more)
	}
}

// TestCatalogAway: a cart can be shown and emptied as last seen, but nothing gets in.
func TestCatalogAway(t *testing.T) {
	s := newStand(t, 1)
	c, who := s.at(0), s.user(t)
	cup, plate := s.catalog.put("cup", 250), s.catalog.put("plate", 775)
	c.put(t, who, cup, 2)
	c.put(t, who, plate, 1)
	s.catalog.edit(cup, func(p *internalapi.FoundProduct) { p.Price = 300 })
	if _, degraded := c.get(t, who); degraded != "" {
		t.Errorf("X-Degraded: %s, with the catalog there", degraded)
	}
	s.catalog.edit(cup, func(p *internalapi.FoundProduct) { p.Price = 999 })
	s.catalog.change(func() { s.catalog.away = true })
	got, degraded := c.get(t, who)
	if degraded != "prices" || got.Subtotal.Amount != 2*300+775 || got.Items[0].Name != "cup" || got.Version != 2 {
		t.Errorf("X-Degraded: %q, %+v; want the prices that were last shown", degraded, got)
	}
	resp := refused(t, 503, "catalog-unavailable", func(out any) answer {
		return c.public(t, who, "PUT", "/cart/items/"+cup, shopapi.CartItemQuantity{Quantity: 9}, out)
	})
	if resp.Header.Get(contract.NotExecuted) != "1" {
		t.Error("the refusal does not say that nothing was changed")
	}
	var less shopapi.Cart
	resp = c.public(t, who, "DELETE", "/cart/items/"+plate, nil, &less)
	if resp.StatusCode != 200 || resp.Header.Get(contract.Degraded) != "prices" || less.Subtotal.Amount != 600 || less.Version != 3 {
		t.Errorf("removed: %s, %q, %+v", resp.Status, resp.Header.Get(contract.Degraded), less)
	}
	resp = c.public(t, who, "DELETE", "/cart", nil, &less)
	if resp.StatusCode != 200 || resp.Header.Get(contract.Degraded) != "" || len(less.Items) != 0 {
		t.Errorf("cleared: %s, %q, %+v", resp.Status, resp.Header.Get(contract.Degraded), less)
	}
	var report internalapi.CallReport
	req := replica{s, s.replicas[0].AdminAddr()}
	req.call(t, map[string]string{"Authorization": "Bearer test"}, "GET", "/calls", nil, &report)
	for _, d := range report.Calls {
		if d.Why == "today's names and prices" && d.Fallbacks != 2 {
			t.Errorf("%d fallbacks are counted, want 2", d.Fallbacks)
		}
	}
	if len(report.Calls) != len(cart.Calls())+1 {
		t.Errorf("%d dependencies are shown, want those declared and the keys of tokens", len(report.Calls))
	}
}

// TestCallers: who has no business inside does not get in.
func TestCallers(t *testing.T) {
	s := newStand(t, 1)
	c, who := s.at(0), s.user(t)
	read := func(service, as string) func(any) answer {
		return func(out any) answer { return c.inside(t, service, as, "GET", "", nil, out) }
	}
	refused(t, 401, "service-unknown", read("", who))
	refused(t, 403, "service-may-not", read("wishlist", who))
	refused(t, 401, "unauthenticated", read("ordertaking", "garbage"))
	refused(t, 403, "service-may-not", func(out any) answer {
		return c.inside(t, "ordertaking", who, "POST", "/add", internalapi.CartAddition{Key: "k", ProductId: newID()}, out)
	})
	refused(t, 403, "service-may-not", func(out any) answer {
		in := internalapi.CartOrdered{OrderId: newID(), Items: []internalapi.Quantity{{ProductId: newID(), Quantity: 1}}}
		return c.inside(t, "wishlist", who, "POST", "/ordered", in, out)
	})
	var got internalapi.CartContents
	lookups := s.catalog.lookups
	if resp := c.inside(t, "ordertaking", who, "GET", "", nil, &got); resp.StatusCode != 200 || got.Items == nil || got.Version != 0 {
		t.Errorf("order taking reads %s %+v", resp.Status, got)
	}
	if s.catalog.lookups != lookups {
		t.Error("contents without prices were looked up")
	}
}

func (r replica) add(t *testing.T, as, key, product string, out any) answer {
	t.Helper()
	return r.inside(t, "wishlist", as, "POST", "/add", internalapi.CartAddition{Key: key, ProductId: product}, out)
}

// TestAddOnce: one more, once per key, whichever replica is asked and however often.
func TestAddOnce(t *testing.T) { addOnce(t, newStand(t, 2)) }

func addOnce(t *testing.T, s *stand) {
	t.Helper()
	who, other, cup, plate := s.user(t), s.user(t), s.catalog.put("cup", 250), s.catalog.put("plate", 1)
	together(8, func(i int) {
		var got shopapi.Cart
		if resp := s.at(i%2).add(t, who, "once", cup, &got); resp.StatusCode != 200 || quantities(got)[cup] != 1 {
			t.Errorf("added under one key: %s, %+v", resp.Status, got)
		}
	})
	var twice, others shopapi.Cart
	s.at(0).add(t, who, "twice", cup, &twice)
	s.at(1).add(t, other, "once", cup, &others)
	if twice.Items[0].Quantity != 2 || twice.Version != 2 || twice.Subtotal.Amount != 500 || others.Version != 1 {
		t.Errorf("under another key: %+v; for somebody else: %+v", twice, others)
	}
	again := func(out any) answer { return s.at(0).add(t, who, "once", plate, out) }
	refused(t, 409, "idempotency-key-reused", again)
	s.catalog.edit(cup, func(p *internalapi.FoundProduct) { p.OnSale = false })
	refused(t, 409, "not-for-sale", func(out any) answer { return s.at(0).add(t, who, "thrice", cup, out) })
	s.catalog.change(func() { s.catalog.away = true })
	if resp := s.at(0).add(t, who, "once", cup, &twice); resp.StatusCode != 200 || twice.Version != 2 || resp.Header.Get(contract.Degraded) != "prices" {
		t.Errorf("repeated with the catalog away: %s, %+v", resp.Status, twice)
	}
	resp := refused(t, 503, "catalog-unavailable", func(out any) answer { return s.at(0).add(t, who, "thrice", cup, out) })
	if resp.Header.Get(contract.NotExecuted) != "1" {
		t.Error("the refusal does not say that nothing was added")
	}
}

// TestReplicas: first changes at once, at two replicas, and none is lost.
func TestReplicas(t *testing.T) { race(t, newStand(t, 2)) }

// TestOnPostgres is the same on the other store, where writers do not queue.
func TestOnPostgres(t *testing.T) {
	s := newStand(t, 2, onPostgres(t))
	race(t, s)
	orderedOnce(t, s)
	addOnce(t, s)
}

func race(t *testing.T, s *stand) {
	t.Helper()
	var products []string
	for i := range 10 {
		products = append(products, s.catalog.put(fmt.Sprint("p", i), 100))
	}
	for range 3 {
		who := s.user(t)
		together(len(products), func(i int) { s.at(i%2).put(t, who, products[i], int64(i+1)) })
		got, _ := s.at(0).get(t, who)
		if len(got.Items) != len(products) || got.Version != int64(len(products)) || got.Subtotal.Amount != 5500 {
			t.Errorf("of %d changes at once there are %d items and version %d: %+v", len(products), len(got.Items), got.Version, quantities(got))
		}
	}
}

func ordered(order string, lines map[string]int64) internalapi.CartOrdered {
	in := internalapi.CartOrdered{OrderId: order}
	for product, quantity := range lines {
		in.Items = append(in.Items, internalapi.Quantity{ProductId: product, Quantity: quantity})
	}
	return in
}

// TestOrderedOnce: what was ordered is taken out once, by the call or by the event.
func TestOrderedOnce(t *testing.T) { orderedOnce(t, newStand(t, 2)) }

func orderedOnce(t *testing.T, s *stand) {
	t.Helper()
	who, c := s.user(t), s.at(0)
	cup, plate, spoon := s.catalog.put("cup", 1), s.catalog.put("plate", 1), s.catalog.put("spoon", 1)
	lines := map[string]int64{cup: 2, plate: 1}
	c.put(t, who, cup, 2)
	c.put(t, who, plate, 1)
	c.put(t, who, cup, 5) // after the order was placed: three of them stay
	c.put(t, who, spoon, 1)
	order := newID()
	s.tell(t, who, order, lines) // whoever comes first
	together(4, func(i int) {
		var left internalapi.CartContents
		resp := s.at(i%2).inside(t, "ordertaking", who, "POST", "/ordered", ordered(order, lines), &left)
		if resp.StatusCode != 200 || left.Version != 5 || len(left.Items) != 2 {
			t.Errorf("taken out: %s %+v", resp.Status, left)
		}
	})
	s.tell(t, who, order, lines)
	s.settle(t)
	if got, _ := c.get(t, who); !maps.Equal(quantities(got), map[string]int64{cup: 3, spoon: 1}) || got.Version != 5 {
		t.Errorf("left are %v, version %d", quantities(got), got.Version)
	}
	// The call of this one is lost. The next is about a cart that has nothing of it any more, and changes nothing.
	s.tell(t, who, newID(), map[string]int64{cup: 3})
	s.settle(t)
	s.tell(t, who, newID(), map[string]int64{cup: 3})
	s.settle(t)
	if got, _ := c.get(t, who); !maps.Equal(quantities(got), map[string]int64{spoon: 1}) || got.Version != 6 {
		t.Errorf("after the event left are %v, version %d", quantities(got), got.Version)
	}
}

// TestPoison: an event that will never be right is put aside, and those after it are handled.
func TestPoison(t *testing.T) {
	s := newStand(t, 1)
	who, cup := s.user(t), s.catalog.put("cup", 1)
	s.at(0).put(t, who, cup, 1)
	id, order := newID(), newID()
	for _, data := range map[string]string{
		"no data":     `[]`,
		"no order":    `{"user_id": "` + id + `", "order": []}`,
		"other order": `{"user_id": "` + id + `", "order": {"id": "` + id + `", "lines": [{"product_id": "` + cup + `", "quantity": 1}]}}`,
		"no user":     `{"user_id": "", "order": {"id": "` + order + `", "lines": [{"product_id": "` + cup + `", "quantity": 1}]}}`,
		"no lines":    `{"user_id": "` + id + `", "order": {"id": "` + order + `", "lines": []}}`,
		"less":        `{"user_id": "` + s.name(t, who) + `", "order": {"id": "` + order + `", "lines": [{"product_id": "` + cup + `", "quantity": -1}]}}`,
	} {
		s.publish(t, event(order, json.RawMessage(data)))
	}
	s.tell(t, who, newID(), map[string]int64{cup: 1})
	s.settle(t)
	eventually(t, "the good one has its effect", func() bool {
		got, _ := s.at(0).get(t, who)
		return len(got.Items) == 0 && got.Version == 2
	})
	var dead internalapi.DeadLetters
	admin := replica{s, s.replicas[0].AdminAddr()}
	eventually(t, "six letters are dead", func() bool {
		admin.call(t, map[string]string{"Authorization": "Bearer test"}, "GET", "/dead-letters", nil, &dead)
		return len(dead.Items) == 6
	})
}

// event is an order-placed event. Each has an id of its own: the bus does not drop it.
func event(order string, data json.RawMessage) internalapi.Event {
	return internalapi.Event{
		Id: newID(), Capability: "ordertaking", Type: "order-placed", Schema: 2, Key: order, Version: 1, Origin: "app", OccurredAt: time.Now().UTC(), Data: data,
	}
}

// tell publishes a placed order.
func (s *stand) tell(t *testing.T, who, order string, lines map[string]int64) {
	t.Helper()
	o := shopapi.Order{Id: order}
	for product, quantity := range lines {
		o.Lines = append(o.Lines, shopapi.OrderLine{ProductId: product, Quantity: quantity})
	}
	image, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(internalapi.PlacedOrder{Order: image, UserId: s.name(t, who)})
	if err != nil {
		t.Fatal(err)
	}
	s.publish(t, event(order, data))
}

func (s *stand) publish(t *testing.T, e internalapi.Event) {
	t.Helper()
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	err = s.replicas[0].Bus().Publish(t.Context(), bus.Message{Subject: "shop.ordertaking.order-placed", ID: e.Id, Data: data})
	if err != nil {
		t.Fatal(err)
	}
}

// settle waits until everything told was heard.
func (s *stand) settle(t *testing.T) {
	t.Helper()
	admin := replica{s, s.replicas[0].AdminAddr()}
	eventually(t, "every event is handled", func() bool {
		var a internalapi.Audit
		resp := admin.call(t, map[string]string{"Authorization": "Bearer test"}, "GET", "/audit", nil, &a)
		return resp.StatusCode == 200 && a.Work.EventsUnconsumed == 0
	})
}
