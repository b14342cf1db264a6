package apitest

import (
	"figlab/api/shopapi"
	"net/http"
	"net/url"
	"slices"
	"testing"
)

func euros(cents int64) shopapi.Price { return shopapi.Price{Amount: cents, Currency: "EUR"} }

// payment returns the one payment of an order.
func (s *suite) payment(t *testing.T, u user, order string) (p shopapi.Payment) {
	t.Helper()
	eventually(t, s.sees("payment"), "the order has one payment", func() bool {
		q := url.Values{"order_id": {order}}
		paid := get[shopapi.PaymentList](t, s, "listPayments", request{as: u.token, query: q}).Items
		if len(paid) == 1 {
			p = paid[0]
		}
		return len(paid) == 1
	})
	if p.OrderId != order {
		t.Errorf("the payment of %s says it is of %s", order, p.OrderId)
	}
	return p
}

// told waits until a user was told exactly these things about an order, in any order.
func (s *suite) told(t *testing.T, u user, order string, want ...shopapi.NotificationKind) {
	t.Helper()
	slices.Sort(want)
	eventually(t, s.sees("notification"), "the shopper is told of the order", func() bool { return len(s.kinds(t, u, order)) >= len(want) })
	if got := s.kinds(t, u, order); !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}

func (s *suite) kinds(t *testing.T, u user, order string) (kinds []shopapi.NotificationKind) {
	t.Helper()
	for _, m := range s.allNotifications(t, u, 200) {
		if m.OrderId != nil && *m.OrderId == order && m.Kind != shopapi.OrderShipped && m.Kind != shopapi.OrderDelivered {
			kinds = append(kinds, m.Kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// testRefunds gives money back in parts, and once more than there is.
func (s *suite) testRefunds(t *testing.T) {
	t.Parallel()
	u := s.newUser(t, "Rex")
	p := s.newProduct(t, "sofa", 50_000, 10)
	o := s.order(t, u, p.Id, 1, "tok_ok")
	paid := s.payment(t, u, o.Id)
	refund := func(name string, amount int64) request {
		return request{
			args: []string{paid.Id}, as: s.admin.token, header: key(name + "-" + o.Id), body: shopapi.Refund{Amount: euros(amount)},
		}
	}
	for _, a := range atOnce(4, func(int) answer { return s.call(t, "refundPayment", refund("some", 1000)) }) {
		if got := decode[shopapi.Payment](t, a); a.status != http.StatusOK || got.Refunded.Amount != 1000 || got.State != shopapi.Captured {
			t.Errorf("four times one refund of 1000 answered %d: %+v", a.status, got)
		}
	}
	s.told(t, u, o.Id, shopapi.OrderConfirmed, shopapi.PaymentRefunded)
	left := o.Total.Amount - 1000
	s.refused(t, "refundPayment", refund("too-much", left+1), http.StatusUnprocessableEntity, "refund-too-large")
	dollars := refund("dollars", 1)
	dollars.body = shopapi.Refund{Amount: shopapi.Price{Amount: 1, Currency: "USD"}}
	s.refused(t, "refundPayment", dollars, http.StatusUnprocessableEntity, "invalid-amount")
	// Of two that want all that is left, one comes too late.
	both := atOnce(2, func(i int) answer { return s.call(t, "refundPayment", refund("rest-"+itoa(i), left)) })
	if got := both[0].status + both[1].status; got != http.StatusOK+http.StatusUnprocessableEntity {
		t.Errorf("two refunds of all that is left answered %d and %d", both[0].status, both[1].status)
	}
	if got := s.payment(t, u, o.Id); got.State != shopapi.Refunded || got.Refunded != o.Total || got.Amount != o.Total {
		t.Errorf("everything went back: %+v", got)
	}
	s.refused(t, "refundPayment", refund("more", 1), http.StatusUnprocessableEntity, "refund-too-large")
	s.told(t, u, o.Id, shopapi.OrderConfirmed, shopapi.PaymentRefunded, shopapi.PaymentRefunded)
	s.testUncharged(t, u, p)
	s.testCancelAfterRefund(t, u, p)
}

// testUncharged: what was never taken cannot go back.
func (s *suite) testUncharged(t *testing.T, u user, p shopapi.Product) {
	t.Helper()
	o := s.order(t, u, p.Id, 1, "tok_declined")
	declined := s.payment(t, u, o.Id)
	if declined.State != shopapi.Declined || declined.Refunded.Amount != 0 {
		t.Errorf("a declined card: %+v", declined)
	}
	s.refused(t, "refundPayment", request{
		args: []string{declined.Id}, as: s.admin.token, header: key("never-" + o.Id), body: shopapi.Refund{Amount: euros(1)},
	}, http.StatusConflict, "payment-not-captured")
	s.told(t, u, o.Id, shopapi.OrderRejected)
}

// testCancelAfterRefund cancels, at once and several times, an order part of which was refunded: the rest goes back, once.
func (s *suite) testCancelAfterRefund(t *testing.T, u user, p shopapi.Product) {
	t.Helper()
	o := s.order(t, u, p.Id, 2, "tok_ok")
	get[shopapi.Payment](t, s, "refundPayment", request{
		args: []string{s.payment(t, u, o.Id).Id}, as: s.admin.token, header: key("part-" + o.Id), body: shopapi.Refund{Amount: euros(5)},
	})
	var shipped bool
	for _, a := range atOnce(3, func(int) answer { return s.call(t, "cancelOrder", request{args: []string{o.Id}, as: u.token}) }) {
		shipped = shipped || a.status == http.StatusConflict
		if a.status != http.StatusOK && a.status != http.StatusConflict {
			t.Errorf("cancel answered %d: %s", a.status, a.body)
		}
	}
	if shipped { // a slow machine and a quick carrier: it is too late to cancel, which is no fault
		return
	}
	eventually(t, s.sees("payment"), "the rest of the money went back", func() bool {
		got := s.payment(t, u, o.Id)
		return got.State == shopapi.Refunded && got.Refunded == o.Total
	})
	s.told(t, u, o.Id, shopapi.OrderConfirmed, shopapi.OrderCancelled, shopapi.PaymentRefunded, shopapi.PaymentRefunded)
}
