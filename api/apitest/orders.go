package apitest

import (
	"figlab/api/shopapi"
	"net/http"
	"net/url"
	"sync"
	"testing"
)

func home() shopapi.Address {
	return shopapi.Address{Line1: "2 Lane", City: "Coimbra", Postcode: "3000", Country: "PT"}
}

func newOrder(card string) shopapi.NewOrder {
	return shopapi.NewOrder{ShippingAddress: home(), ShippingService: shopapi.Standard, PaymentToken: card}
}

// fill puts a product into the user's cart.
func (s *suite) fill(t *testing.T, u user, product string, quantity int64) {
	t.Helper()
	get[shopapi.Cart](t, s, "putCartItem", request{
		args: []string{product}, as: u.token, body: shopapi.CartItemQuantity{Quantity: quantity},
	})
}

// checkout orders what is in the cart and polls until the order is decided.
func (s *suite) checkout(t *testing.T, u user, card string) shopapi.Order {
	t.Helper()
	c := get[shopapi.Cart](t, s, "getCart", request{as: u.token})
	k := "order-" + u.id + "-" + itoa(int(c.Version))
	o := get[shopapi.Order](t, s, "placeOrder", request{as: u.token, header: key(k), body: newOrder(card)})
	return s.until(t, u, o.Id, func(o shopapi.Order) bool { return o.State != shopapi.OrderStatePending })
}

// order buys one product.
func (s *suite) order(t *testing.T, u user, product string, quantity int64, card string) shopapi.Order {
	t.Helper()
	s.fill(t, u, product, quantity)
	return s.checkout(t, u, card)
}

// until polls an order.
func (s *suite) until(t *testing.T, u user, id string, ok func(shopapi.Order) bool) (o shopapi.Order) {
	t.Helper()
	eventually(t, s.features.Settle, "the order gets on", func() bool {
		o = get[shopapi.Order](t, s, "getOrder", request{args: []string{id}, as: u.token})
		return ok(o)
	})
	return o
}

func (s *suite) stock(t *testing.T, product string) shopapi.Stock {
	t.Helper()
	return get[shopapi.Stock](t, s, "getStock", request{args: []string{product}})
}

func (s *suite) testCheckout(t *testing.T) {
	t.Parallel()
	u := s.newUser(t, "Chuck")
	p := s.newProduct(t, "desk", 12_000, 10)
	good := request{as: u.token, header: key("good-" + u.id), body: newOrder("tok_ok")}
	s.signedIn(t, "placeOrder", good)
	s.keyed(t, "placeOrder", good)
	s.badBodies(t, "placeOrder", good, map[string][]any{
		"shipping_address": {missing, map[string]any{"line1": "only"}}, "shipping_service": {missing, "pigeon"},
		"payment_token": {missing, "no spaces please"},
	})
	s.refused(t, "placeOrder", good, http.StatusConflict, "empty-cart")

	o := s.order(t, u, p.Id, 3, "tok_ok")
	if o.State == shopapi.OrderStateRejected || o.Subtotal.Amount != 36_000 || o.Total.Amount != o.Subtotal.Amount+o.Shipping.Amount ||
		len(o.Lines) != 1 || o.Lines[0].UnitPrice.Amount != 12_000 || o.ShippingAddress != home() {
		t.Errorf("ordered %+v", o)
	}
	if c := get[shopapi.Cart](t, s, "getCart", request{as: u.token}); len(c.Items) != 0 {
		t.Errorf("the cart still holds %+v", c)
	}
	if left := s.stock(t, p.Id); left.Available != 7 {
		t.Errorf("7 of 10 should be left: %+v", left)
	}
	price := shopapi.Price{Amount: 1, Currency: "EUR"}
	get[shopapi.Product](t, s, "updateProduct", request{args: []string{p.Id}, as: s.admin.token, body: shopapi.ProductPatch{Price: &price}})
	if again := get[shopapi.Order](t, s, "getOrder", request{args: []string{o.Id}, as: u.token}); again.Total != o.Total {
		t.Errorf("the price of an order changed from %v to %v", o.Total, again.Total)
	}
	s.testRejections(t, p)
}

// testRejections orders what cannot be had: nothing may be reserved or charged afterwards.
func (s *suite) testRejections(t *testing.T, p shopapi.Product) {
	t.Helper()
	for card, c := range map[string]struct {
		quantity int64
		reason   shopapi.OrderReason
	}{"tok_ok": {50, shopapi.OutOfStock}, "tok_declined": {1, shopapi.PaymentDeclined}} {
		u := s.newUser(t, "Reject-"+string(c.reason)[:3])
		before := s.stock(t, p.Id)
		o := s.order(t, u, p.Id, c.quantity, card)
		if o.State != shopapi.OrderStateRejected || o.Reason == nil || *o.Reason != c.reason {
			t.Errorf("want rejected for %s, got %+v", c.reason, o)
		}
		if after := s.stock(t, p.Id); after.Available != before.Available {
			t.Errorf("a rejected order kept stock: %+v, before %+v", after, before)
		}
		payments := get[shopapi.PaymentList](t, s, "listPayments", request{as: u.token, query: url.Values{"order_id": {o.Id}}})
		for _, p := range payments.Items {
			if p.State != shopapi.Declined {
				t.Errorf("a rejected order has payment %+v", p)
			}
		}
	}
}

func (s *suite) testOrders(t *testing.T) {
	t.Parallel()
	u, other := s.newUser(t, "Olga"), s.newUser(t, "Oleg")
	p := s.newProduct(t, "pen", 150, 50)
	var placed []string
	for range 5 {
		placed = append([]string{s.order(t, u, p.Id, 1, "tok_ok").Id}, placed...)
	}
	s.signedIn(t, "listOrders", request{})
	s.signedIn(t, "getOrder", request{args: []string{placed[0]}})
	for _, limit := range []int{1, 2, 5, 100} {
		q := url.Values{"limit": {itoa(limit)}}
		var got []string
		for range 10 {
			page := get[shopapi.OrderPage](t, s, "listOrders", request{as: u.token, query: q})
			for _, o := range page.Items {
				got = append(got, o.Id)
			}
			if page.Next == nil {
				break
			}
			q.Set("after", *page.Next)
		}
		if len(got) != 5 || got[0] != placed[0] || got[4] != placed[4] {
			t.Errorf("pages of %d give %v, want %v", limit, got, placed)
		}
	}
	s.refused(t, "listOrders", request{as: u.token, query: url.Values{"after": {"x"}}}, http.StatusBadRequest, "invalid-cursor")
	for _, id := range []string{placed[0], nobody} {
		at := request{args: []string{id}, as: other.token}
		s.refused(t, "getOrder", at, http.StatusNotFound, "order-not-found")
		s.refused(t, "cancelOrder", at, http.StatusNotFound, "order-not-found")
		s.refused(t, "listOrderEvents", at, http.StatusNotFound, "order-not-found")
		s.refused(t, "listPayments", request{as: other.token, query: url.Values{"order_id": {id}}}, http.StatusNotFound, "order-not-found")
	}
}

// testIdempotency places one order under one key, one after the other and all at once.
func (s *suite) testIdempotency(t *testing.T) {
	t.Parallel()
	u := s.newUser(t, "Ida")
	p := s.newProduct(t, "ring", 8000, 30)
	s.fill(t, u, p.Id, 1)
	again := request{as: u.token, header: key("twice-" + u.id), body: newOrder("tok_ok")}
	first := get[shopapi.Order](t, s, "placeOrder", again)
	a := s.call(t, "placeOrder", again)
	if o := decode[shopapi.Order](t, a); o.Id != first.Id || a.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the same key gave order %s (replayed %q), first %s", o.Id, a.header.Get("Idempotent-Replayed"), first.Id)
	}
	again.body = newOrder("tok_other")
	s.refused(t, "placeOrder", again, http.StatusConflict, "idempotency-key-reused")

	s.fill(t, u, p.Id, 2)
	at := request{as: u.token, header: key("at-once-" + u.id), body: newOrder("tok_ok")}
	orders := make([]string, 8)
	var all sync.WaitGroup
	for i := range orders {
		all.Go(func() {
			if a := s.call(t, "placeOrder", at); a.status == http.StatusCreated {
				orders[i] = decode[shopapi.Order](t, a).Id
			} else {
				t.Errorf("request %d of 8 under one key answered %d: %s", i, a.status, a.body)
			}
		})
	}
	all.Wait()
	for _, id := range orders {
		if id != orders[0] {
			t.Fatalf("one key, several orders: %v", orders)
		}
	}
	s.until(t, u, orders[0], func(o shopapi.Order) bool { return o.State != shopapi.OrderStatePending })
	if left := s.stock(t, p.Id); left.Available != 27 {
		t.Errorf("1 and 2 of 30 were bought, %+v is left", left)
	}
}

func (s *suite) events(t *testing.T, u user, id string) (states []shopapi.OrderState) {
	t.Helper()
	for i, e := range get[shopapi.OrderEventList](t, s, "listOrderEvents", request{args: []string{id}, as: u.token}).Items {
		if e.Sequence != int64(i+1) {
			t.Errorf("event %d has sequence %d", i+1, e.Sequence)
		}
		states = append(states, e.State)
	}
	return states
}

func (s *suite) testProcessing(t *testing.T) {
	t.Parallel()
	u := s.newUser(t, "Pru")
	p := s.newProduct(t, "vase", 2500, 10)
	s.signedIn(t, "cancelOrder", request{args: []string{nobody}})
	s.signedIn(t, "listOrderEvents", request{args: []string{nobody}})
	o := s.order(t, u, p.Id, 4, "tok_ok")
	at := request{args: []string{o.Id}, as: u.token}
	for range 2 {
		if c := get[shopapi.Order](t, s, "cancelOrder", at); c.State != shopapi.OrderStateCancelled {
			t.Errorf("cancelled to %s", c.State)
		}
	}
	if left := s.stock(t, p.Id); left.Available != 10 || left.Reserved != 0 {
		t.Errorf("a cancelled order keeps stock: %+v", left)
	}
	eventually(t, s.sees("payment"), "the money of a cancelled order went back", func() bool {
		paid := get[shopapi.PaymentList](t, s, "listPayments", request{as: u.token, query: url.Values{"order_id": {o.Id}}}).Items
		return len(paid) == 1 && paid[0].State == shopapi.Refunded && paid[0].Refunded == o.Total
	})
	if got := s.events(t, u, o.Id); len(got) != 3 || got[2] != shopapi.OrderStateCancelled {
		t.Errorf("events %v", got)
	}
	rejected := s.order(t, u, p.Id, 1, "tok_declined")
	s.refused(t, "cancelOrder", request{args: []string{rejected.Id}, as: u.token}, http.StatusConflict, "order-not-cancellable")
	if s.features.Ships {
		s.testDelivery(t, u, p)
	}
}

func (s *suite) testDelivery(t *testing.T, u user, p shopapi.Product) {
	t.Helper()
	o := s.order(t, u, p.Id, 2, "tok_ok")
	o = s.until(t, u, o.Id, func(o shopapi.Order) bool { return o.State == shopapi.OrderStateDelivered })
	got := s.events(t, u, o.Id)
	want := []shopapi.OrderState{"pending", "confirmed", "shipped", "delivered"}
	if len(got) != len(want) {
		t.Fatalf("events %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("events %v, want %v", got, want)
		}
	}
	sent := get[shopapi.Shipment](t, s, "getShipment", request{args: []string{*o.ShipmentId}, as: u.token})
	if sent.State != shopapi.ShipmentStateDelivered || sent.OrderId != o.Id || sent.CarrierReference == nil {
		t.Errorf("shipment %+v", sent)
	}
	if left := s.stock(t, p.Id); left.OnHand != 8 || left.Reserved != 0 {
		t.Errorf("2 of 10 have left the house: %+v", left)
	}
	s.refused(t, "cancelOrder", request{args: []string{o.Id}, as: u.token}, http.StatusConflict, "order-not-cancellable")
}

func (s *suite) testPayment(t *testing.T) {
	t.Parallel()
	u := s.newUser(t, "Paul")
	p := s.newProduct(t, "coat", 10_000, 10)
	o := s.order(t, u, p.Id, 1, "tok_ok")
	s.signedIn(t, "listPayments", request{query: url.Values{"order_id": {o.Id}}})
	s.refused(t, "listPayments", request{as: u.token}, http.StatusBadRequest, "invalid-request")
	paid := get[shopapi.PaymentList](t, s, "listPayments", request{as: u.token, query: url.Values{"order_id": {o.Id}}}).Items
	if len(paid) != 1 || paid[0].State != shopapi.Captured || paid[0].Amount != o.Total {
		t.Fatalf("an order of %v has payments %+v", o.Total, paid)
	}
	part := shopapi.Refund{Amount: shopapi.Price{Amount: 4000, Currency: "EUR"}}
	back := request{args: []string{paid[0].Id}, body: part, header: key("refund-" + o.Id)}
	s.adminOnly(t, "refundPayment", back, u)
	back.as = s.admin.token
	s.keyed(t, "refundPayment", back)
	s.badBodies(t, "refundPayment", back, map[string][]any{"amount": {missing, 5, map[string]any{"amount": 0, "currency": "EUR"}}})
	for i := range 2 {
		a := s.call(t, "refundPayment", back)
		got := decode[shopapi.Payment](t, a)
		if got.Refunded.Amount != 4000 || got.State != shopapi.Captured || (a.header.Get("Idempotent-Replayed") == "true") != (i == 1) {
			t.Errorf("refund %d: %+v, replayed %q", i+1, got, a.header.Get("Idempotent-Replayed"))
		}
	}
	back.body = shopapi.Refund{Amount: shopapi.Price{Amount: 1, Currency: "EUR"}}
	s.refused(t, "refundPayment", back, http.StatusConflict, "idempotency-key-reused")
	back.header, back.body = key("too-much-"+o.Id), shopapi.Refund{Amount: shopapi.Price{Amount: o.Total.Amount, Currency: "EUR"}}
	s.refused(t, "refundPayment", back, http.StatusUnprocessableEntity, "refund-too-large")
	back.header, back.body = key("the-rest-"+o.Id), shopapi.Refund{Amount: shopapi.Price{Amount: o.Total.Amount - 4000, Currency: "EUR"}}
	if got := get[shopapi.Payment](t, s, "refundPayment", back); got.State != shopapi.Refunded {
		t.Errorf("all went back, state %s", got.State)
	}
	back.args = []string{nobody}
	s.refused(t, "refundPayment", back, http.StatusNotFound, "payment-not-found")
}
