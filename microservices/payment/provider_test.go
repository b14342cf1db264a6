package payment_test

import (
	"slices"
	"testing"
)

// TestProviderAway: nobody guesses. The next call asks again under the same key, also in another process after a crash.
func TestProviderAway(t *testing.T) {
	s := newStand(t, 0)
	stop := s.start(t)
	o, lost := s.order(t), s.order(t)
	for _, status := range []int{503, 500, 429, 408, 425} {
		s.desk.set(status, false)
		if a := s.authorise(t, 0, o); a.status < 400 {
			t.Errorf("the provider answers %d: %+v", status, a)
		}
	}
	s.desk.set(0, true)
	if a := s.authorise(t, 0, lost); a.status != 503 {
		t.Errorf("the answer is lost: %+v", a)
	}
	if a := s.refundOrder(t, 0, lost); a.status != 409 || a.code != "payment-not-captured" {
		t.Errorf("a refund of what may have been taken: %+v", a)
	}
	a := s.audit(t)
	if len(a.Payments) != 2 || a.Work.PaymentsInitiated != 2 || len(a.Ledger) > 0 {
		t.Fatalf("payments %+v, ledger %+v, left %+v", a.Payments, a.Ledger, a.Work)
	}
	stop()
	s.desk.set(0, false)
	s.start(t)
	for _, o := range []order{o, lost} {
		paid := s.authorise(t, 1, o)
		if paid.state != "captured" || paid.id != a.Payments[0].Id && paid.id != a.Payments[1].Id {
			t.Errorf("after the crash: %+v", paid)
		}
		if charges, _ := s.did(t, paid.id); !slices.Equal(charges, []int64{price}) {
			t.Errorf("charged %v", charges)
		}
	}
	if a := s.audit(t); len(a.Payments) != 2 || a.Work.PaymentsInitiated != 0 || len(a.Ledger) != 4 {
		t.Errorf("payments %+v, ledger %+v, left %+v", a.Payments, a.Ledger, a.Work)
	}
}

// TestDeclined: a card that is declined, and a charge that the provider refuses for good, are answers. There is nothing to give back.
func TestDeclined(t *testing.T) {
	s := newStand(t, 1)
	declined, refused := s.order(t), s.order(t)
	declined.token = "tok_declined"
	for _, o := range []order{declined, refused} {
		if o == refused {
			s.desk.set(422, false)
		}
		first := s.authorise(t, 0, o)
		if first.status != 200 || first.state != "declined" {
			t.Errorf("answered %+v", first)
		}
		s.desk.set(0, false)
		asked := s.desk.count()
		if a := s.authorise(t, 0, o); a != first || s.desk.count() != asked {
			t.Errorf("once more: %+v, first %+v", a, first)
		}
		if a := s.refundOrder(t, 0, o); a != first || s.desk.count() != asked {
			t.Errorf("refunded: %+v", a)
		}
		until(t, "it is told", func() bool { return len(s.told("payment-changed", o.who.id)) == 2 })
	}
	if a := s.refundOrder(t, 0, s.order(t)); a.code != "payment-not-found" {
		t.Errorf("an order that nobody was to pay: %+v", a)
	}
	if a := s.audit(t); len(a.Ledger) > 0 || a.Work.PaymentsInitiated != 0 {
		t.Errorf("ledger %+v, left %+v", a.Ledger, a.Work)
	}
}

// TestRefundLater: a refund is booked when it is decided; another process carries out what the provider did not answer.
func TestRefundLater(t *testing.T) {
	s := newStand(t, 0)
	stop := s.start(t)
	away, lost := s.order(t), s.order(t)
	paid := []string{s.paid(t, away), s.paid(t, lost)}
	s.desk.set(503, false)
	if a := s.refundOrder(t, 0, away); a.status != 200 || a.state != "refunded" {
		t.Errorf("while the provider is away: %+v", a)
	}
	s.desk.set(0, true)
	if a := s.refundOrder(t, 0, lost); a.status != 200 || a.state != "refunded" {
		t.Errorf("the answer is lost: %+v", a)
	}
	if a := s.audit(t); a.Work.PaymentsInitiated != 2 || len(a.Ledger) != 8 {
		t.Errorf("ledger %+v, left %+v", a.Ledger, a.Work)
	}
	until(t, "the refund is told", func() bool { return len(s.told("payment-refunded", away.who.id)) == 1 })
	stop()
	s.desk.set(0, false)
	s.start(t)
	until(t, "all is carried out", func() bool { return s.audit(t).Work.PaymentsInitiated == 0 })
	for _, p := range paid {
		if _, refunds := s.did(t, p); !slices.Equal(refunds, []int64{price}) {
			t.Errorf("paid out %v", refunds)
		}
	}
}
