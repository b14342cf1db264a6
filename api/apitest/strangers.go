package apitest

import (
	"bytes"
	"figlab/api/shopapi"
	"net/http"
	"net/url"
	"testing"
)

// testStrangers asks for what is somebody else's: it is as if it were not there, for admins too.
func (s *suite) testStrangers(t *testing.T) {
	t.Parallel()
	u, other := s.newUser(t, "Olive"), s.newUser(t, "Otto")
	p := s.newProduct(t, "diary", 700, 20)
	o := s.order(t, u, p.Id, 1, "tok_ok")
	o = s.until(t, u, o.Id, func(o shopapi.Order) bool { return o.ShipmentId != nil })
	paid := s.payment(t, u, o.Id)
	var told []string
	eventually(t, s.sees("notification"), "the order was confirmed", func() bool {
		told = s.walk(t, "listNotifications", request{as: u.token}, 200, func() {})
		return len(told) > 0
	})
	for _, stranger := range []user{other, s.admin} {
		for _, c := range []struct {
			op, code string
			r        request
		}{
			{"getOrder", "order-not-found", request{args: []string{o.Id}}},
			{"cancelOrder", "order-not-found", request{args: []string{o.Id}}},
			{"listOrderEvents", "order-not-found", request{args: []string{o.Id}}},
			{"listPayments", "order-not-found", request{query: url.Values{"order_id": {o.Id}}}},
			{"getShipment", "shipment-not-found", request{args: []string{*o.ShipmentId}}},
			{"readNotification", "notification-not-found", request{args: []string{told[0]}}},
		} {
			c.r.as = stranger.token
			s.refused(t, c.op, c.r, http.StatusNotFound, c.code)
			if a := s.call(t, c.op, c.r); bytes.Contains(a.body, []byte(paid.Id)) || bytes.Contains(a.body, []byte(home().City)) {
				t.Errorf("%s tells a stranger %s", c.op, a.body)
			}
		}
	}
	refund := request{args: []string{paid.Id}, as: u.token, header: key("mine-" + o.Id), body: shopapi.Refund{Amount: euros(1)}}
	s.refused(t, "refundPayment", refund, http.StatusForbidden, "forbidden")
	s.testSameKey(t, u, other, p, o)
}

// testSameKey: a key names a request of its caller, so another caller's is another order.
func (s *suite) testSameKey(t *testing.T, u, other user, p shopapi.Product, first shopapi.Order) {
	t.Helper()
	placed := map[string]bool{first.Id: true}
	for _, who := range []user{u, other} {
		s.fill(t, who, p.Id, 1)
		a := s.call(t, "placeOrder", request{as: who.token, header: key("shared-" + u.id), body: newOrder("tok_ok")})
		if a.status != http.StatusCreated || a.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%s answered %d, replayed %q", who.email, a.status, a.header.Get("Idempotent-Replayed"))
			continue
		}
		placed[decode[shopapi.Order](t, a).Id] = true
	}
	if len(placed) != 3 {
		t.Errorf("three orders are %d", len(placed))
	}
	for who, want := range map[user]int{u: 2, other: 1} {
		if got := s.walk(t, "listOrders", request{as: who.token}, 200, func() {}); len(got) != want {
			t.Errorf("%s has %d orders, want %d", who.email, len(got), want)
		}
	}
}
