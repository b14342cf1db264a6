package payment_test

import (
	"figlab/api/events"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"slices"
	"testing"
)

// chargedOnce: however many ask, over two replicas, the money is taken once, and told of in order.
func (s *stand) chargedOnce(t *testing.T) {
	t.Helper()
	o := s.order(t)
	answers := make([]answer, 24)
	together(len(answers), func(i int) { answers[i] = s.authorise(t, i%2, o) })
	for _, a := range answers {
		if a.status != 200 || a.state != "captured" || a.id != answers[0].id {
			t.Errorf("answered %+v, others %+v", a, answers[0])
		}
	}
	if charges, _ := s.did(t, answers[0].id); !slices.Equal(charges, []int64{price}) {
		t.Errorf("the provider has charged %v", charges)
	}
	asked := s.desk.count()
	if a := s.authorise(t, 1, o); a != answers[0] || s.desk.count() != asked {
		t.Errorf("once more: %+v; the provider was asked again: %t", a, s.desk.count() != asked)
	}
	until(t, "the payment is told", func() bool { return len(s.told("payment-changed", o.who.id)) == 2 })
	s.keepTo(t, s.told("payment-changed", o.who.id))
	a := s.audit(t)
	ofOrder := slices.DeleteFunc(a.Payments, func(p internalapi.AuditPayment) bool { return p.OrderId != o.id })
	if len(ofOrder) != 1 || ofOrder[0].State != "captured" || ofOrder[0].Amount != price || a.Work.PaymentsInitiated != 0 {
		t.Errorf("payments %+v, left %+v", ofOrder, a.Work)
	}
}

// keepTo checks that events keep to the shapes of their kinds and that their versions grow.
//
// Replicas tell side by side what each has written, so it is by version that the events of one payment have an order.
func (s *stand) keepTo(t *testing.T, told []internalapi.Event) {
	t.Helper()
	slices.SortFunc(told, func(a, b internalapi.Event) int { return int(a.Version - b.Version) })
	schemas, err := events.NewSchemas()
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range told {
		if err := schemas.Check(e); err != nil || e.Version != int64(i+1) {
			t.Errorf("event %d: version %d (%v)", i, e.Version, err)
		}
	}
}

// refundedOnce: however often it is asked for, what is left of an order's money goes back once.
func (s *stand) refundedOnce(t *testing.T) {
	t.Helper()
	o, admin := s.order(t), s.person(t, "admin")
	paid := s.paid(t, o)
	if r := s.refund(t, admin, paid, 90, "a-part-of-it"); r.status != 200 || r.replayed || r.Refunded.Amount != 90 || r.State != "captured" {
		t.Errorf("a part: %+v", r)
	}
	together(16, func(i int) {
		if a := s.refundOrder(t, i%2, o); a.status != 200 || a.state != "refunded" || a.id != paid {
			t.Errorf("answered %+v", a)
		}
	})
	until(t, "the provider has paid out", func() bool {
		_, refunds := s.did(t, paid)
		return slices.Equal(refunds, []int64{90, price - 90})
	})
	if a := s.refundOrder(t, 0, o); a.status != 200 || a.state != "refunded" {
		t.Errorf("nothing left: %+v", a)
	}
	until(t, "the refunds are told", func() bool { return len(s.told("payment-refunded", o.who.id)) == 2 })
	for _, e := range s.told("payment-refunded", o.who.id) {
		s.keepTo(t, []internalapi.Event{e})
	}
	until(t, "the payment is told", func() bool { return len(s.told("payment-changed", o.who.id)) == 4 })
	s.keepTo(t, s.told("payment-changed", o.who.id))
	until(t, "nothing is left", func() bool { return s.audit(t).Work.PaymentsInitiated == 0 })
}

func TestOnce(t *testing.T) {
	s := newStand(t, 2)
	t.Run("charged", s.chargedOnce)
	t.Run("refunded", s.refundedOnce)
	t.Run("raced", s.raced)
}

func TestPostgres(t *testing.T) {
	s := postgresStand(t, 2)
	t.Run("charged", s.chargedOnce)
	t.Run("refunded", s.refundedOnce)
	t.Run("raced", s.raced)
}

// raced: refunds under many keys, and of the order, take no more than there is.
func (s *stand) raced(t *testing.T) {
	t.Helper()
	o, admin := s.order(t), s.person(t, "admin")
	paid := s.paid(t, o)
	together(12, func(i int) {
		if i%4 == 0 {
			s.refundOrder(t, i%2, o)
			return
		}
		key := []string{"racing-one", "racing-two", "racing-three"}[i%3]
		if r := s.refund(t, admin, paid, 400, key); r.status != 200 && r.code != "refund-too-large" {
			t.Errorf("%s: %+v", key, r)
		}
	})
	until(t, "all has gone back", func() bool {
		_, refunds := s.did(t, paid)
		sum := int64(0)
		for _, r := range refunds {
			sum += r
		}
		return sum == price
	})
	until(t, "nothing is left", func() bool { return s.audit(t).Work.PaymentsInitiated == 0 })
}

// A refunded payment, or the code of a refusal.
type refunded struct {
	shopapi.Payment
	replayed bool
	status   int
	code     string
}

func (s *stand) refund(t *testing.T, who person, payment string, amount int64, key string) (out refunded) {
	t.Helper()
	r, err := s.api(t, len(s.hosts)-1, who).RefundPaymentWithResponse(t.Context(), payment, &shopapi.RefundPaymentParams{IdempotencyKey: key},
		shopapi.Refund{Amount: shopapi.Price{Amount: amount, Currency: "EUR"}})
	if err != nil {
		t.Error(err)
		return out
	}
	out.status, out.code, out.replayed = r.StatusCode(), code(r.StatusCode(), r.Body), r.HTTPResponse.Header.Get("Idempotent-Replayed") == "true"
	if r.JSON200 != nil {
		out.Payment = *r.JSON200
	}
	return out
}

// TestRefundPayment: an admin decides once per key.
func TestRefundPayment(t *testing.T) {
	s := newStand(t, 1)
	o, admin := s.order(t), s.person(t, "admin")
	paid := s.paid(t, o)
	for _, c := range []struct {
		who      person
		payment  string
		amount   int64
		key      string
		status   int
		code     string
		replayed bool
	}{
		{o.who, paid, 100, "not-an-admin", 403, "forbidden", false},
		{admin, s.ids.New(), 100, "unknown-payment", 404, "payment-not-found", false},
		{admin, paid, price + 1, "more-than-all", 422, "refund-too-large", false},
		{admin, paid, 100, "first-refund", 200, "", false},
		{admin, paid, 100, "first-refund", 200, "", true},
		{admin, paid, 101, "first-refund", 409, "idempotency-key-reused", false},
		{admin, paid, price - 99, "second-refund", 422, "refund-too-large", false},
	} {
		if r := s.refund(t, c.who, c.payment, c.amount, c.key); r.status != c.status || r.code != c.code || r.replayed != c.replayed {
			t.Errorf("%d under %s: %+v", c.amount, c.key, r)
		}
	}
	if _, refunds := s.did(t, paid); !slices.Equal(refunds, []int64{100}) {
		t.Errorf("the provider has paid out %v", refunds)
	}
	s.audit(t)
}

// TestListPayments: a shopper sees the payments of their own orders; of an order that was never to be paid order taking knows.
func TestListPayments(t *testing.T) {
	s := newStand(t, 1)
	o, unpaid := s.order(t), s.order(t)
	paid := s.paid(t, o)
	s.mu.Lock()
	s.orders[unpaid.id] = unpaid.who.token
	s.mu.Unlock()
	list := func(who person, order string) ([]shopapi.Payment, string) {
		r, err := s.api(t, 0, who).ListPaymentsWithResponse(t.Context(), &shopapi.ListPaymentsParams{OrderId: order})
		if err != nil {
			t.Fatal(err)
		}
		if r.JSON200 == nil {
			return nil, code(r.StatusCode(), r.Body)
		}
		return r.JSON200.Items, ""
	}
	if items, _ := list(o.who, o.id); len(items) != 1 || items[0].Id != paid || items[0].State != "captured" || items[0].Amount.Amount != price {
		t.Errorf("own: %+v", items)
	}
	var items []shopapi.Payment
	var refused string
	until(t, "order taking is found", func() bool { items, refused = list(unpaid.who, unpaid.id); return refused == "" })
	if items == nil || len(items) > 0 {
		t.Errorf("never to be paid: %+v", items)
	}
	for what, c := range map[string]struct {
		who   person
		order string
	}{"foreign": {unpaid.who, o.id}, "foreign and unpaid": {o.who, unpaid.id}, "unknown": {o.who, s.ids.New()}} {
		if items, refused := list(c.who, c.order); refused != "order-not-found" {
			t.Errorf("%s: %+v %s", what, items, refused)
		}
	}
}

// TestOnlyOrderProcessing may take money or give an order's back.
func TestOnlyOrderProcessing(t *testing.T) {
	s := newStand(t, 1)
	o := s.order(t)
	s.paid(t, o)
	for service, status := range map[string]int{"": 401, "cart": 403} {
		body := internalapi.PaymentOrder{UserId: o.who.id, Amount: price, Currency: "EUR", Token: "tok_ok"}
		if r, err := s.till(t, 0, service).AuthorisePaymentWithResponse(t.Context(), s.ids.New(), body); err != nil || r.StatusCode() != status {
			t.Errorf("%q authorises: %s (%v)", service, r.Body, err)
		}
		if r, err := s.till(t, 0, service).RefundOrderWithResponse(t.Context(), o.id); err != nil || r.StatusCode() != status {
			t.Errorf("%q refunds: %s (%v)", service, r.Body, err)
		}
	}
	if a := s.audit(t); len(a.Payments) != 1 || a.Payments[0].State != "captured" {
		t.Errorf("payments %+v", a.Payments)
	}
}
