package monolith_test

import (
	"figlab/internal/history"
	"testing"
)

// books fetches what the stores hold and proves that it adds up: no piece, no cent and no order is lost or doubled.
func books(t *testing.T, admin string, f func(*history.Facts)) (facts history.Facts) {
	t.Helper()
	doors := shopper{t: t, url: "http://" + admin, token: "test"}
	doors.must("GET", "/audit", nil, &facts)
	if f != nil {
		f(&facts)
	}
	stockAddsUp(t, facts)
	moneyAddsUp(t, facts)
	ordersAddUp(t, facts)
	return facts
}

// stockAddsUp replays the moves: never below zero on the way, and at the end exactly what the rows say.
func stockAddsUp(t *testing.T, f history.Facts) {
	t.Helper()
	level := map[string]history.Stock{}
	for _, s := range f.Stock {
		level[s.Product] = history.Stock{Product: s.Product, Initial: s.Initial, OnHand: s.Initial}
	}
	for _, m := range f.StockMoves {
		s := level[m.Product]
		switch m.Kind {
		case "restock":
			s.OnHand += m.Quantity
		case "reserve":
			s.Reserved += m.Quantity
		case "release":
			s.Reserved -= m.Quantity
		case "commit":
			s.Reserved -= m.Quantity
			s.OnHand -= m.Quantity
		default:
			t.Errorf("unknown move %+v", m)
		}
		if s.OnHand < 0 || s.Reserved < 0 || s.Reserved > s.OnHand {
			t.Errorf("after %+v there would be %+v", m, s)
		}
		level[m.Product] = s
	}
	for _, s := range f.Stock {
		if level[s.Product] != s {
			t.Errorf("the moves lead to %+v, the row says %+v", level[s.Product], s)
		}
	}
}

// moneyAddsUp: transactions sum to zero, and the provider's ledger is the shop's, payment by payment.
func moneyAddsUp(t *testing.T, f history.Facts) {
	t.Helper()
	sums := map[string]int64{}
	for _, e := range f.Ledger {
		sums[e.Transaction] += e.Amount
	}
	for transaction, sum := range sums {
		if sum != 0 {
			t.Errorf("%s sums to %d", transaction, sum)
		}
	}
	if f.Provider.Entries == nil {
		return
	}
	captured, back := map[string]int64{}, map[string]int64{}
	for _, e := range f.Provider.Entries {
		switch e.State {
		case "captured":
			captured[e.Key] += e.Amount
		case "refunded":
			back[e.ChargeKey] += e.Amount
		}
	}
	for _, p := range f.Payments {
		taken := int64(0)
		if p.State == "captured" || p.State == "refunded" {
			taken = p.Amount
		}
		if captured[p.ID] != taken || back[p.ID] != p.Refunded {
			t.Errorf("payment %+v: the provider took %d and gave back %d", p, captured[p.ID], back[p.ID])
		}
	}
}

// ordersAddUp: every order has exactly the payment, the shipment and the moves that its state stands for.
func ordersAddUp(t *testing.T, f history.Facts) {
	t.Helper()
	type effects struct{ payments, shipments, reserves, releases, commits int }
	of, paid, sent := map[string]effects{}, map[string]string{}, map[string]string{}
	for _, p := range f.Payments {
		e := of[p.Order]
		e.payments++
		of[p.Order], paid[p.Order] = e, p.State
	}
	for _, s := range f.Shipments {
		e := of[s.Order]
		e.shipments++
		of[s.Order], sent[s.Order] = e, s.State
	}
	for _, m := range f.StockMoves {
		e := of[m.Cause]
		switch m.Kind {
		case "reserve":
			e.reserves++
		case "release":
			e.releases++
		case "commit":
			e.commits++
		}
		of[m.Cause] = e
	}
	keys := map[string]bool{}
	for _, o := range f.Orders {
		n, all := len(o.Lines), effects{}
		var payment, shipment string
		switch o.State {
		case "pending":
			all, payment = effects{1, 0, n, 0, 0}, "initiated"
		case "confirmed":
			all, payment, shipment = effects{1, 1, n, 0, 0}, "captured", "pending"
		case "shipped":
			all, payment, shipment = effects{1, 1, n, 0, n}, "captured", "booked"
		case "delivered":
			all, payment, shipment = effects{1, 1, n, 0, n}, "captured", "delivered"
		case "cancelled":
			all, payment, shipment = effects{1, 1, n, n, 0}, "refunded", "cancelled"
		case "rejected":
			if o.Reason == "payment_declined" {
				all, payment = effects{1, 0, n, n, 0}, "declined"
			}
		}
		if of[o.ID] != all || paid[o.ID] != payment || sent[o.ID] != shipment || keys[o.User+o.Key] {
			t.Errorf("order %s is %s %s: %+v, payment %q, shipment %q", o.ID, o.State, o.Reason, of[o.ID], paid[o.ID], sent[o.ID])
		}
		keys[o.User+o.Key] = true
	}
}
