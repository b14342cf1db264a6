package orderprocessing

import (
	"errors"
	"figlab/api/shopapi"
	"figlab/microservices/orderprocessing/saga"
	"figlab/shop"
	"fmt"
	"slices"
	"testing"

	rules "figlab/shop/orderprocessing"
)

// A path of an order, from being placed to where nothing is left to do.
type path struct {
	wrong     wrong
	notOnSale bool
	then      string // booked, delivered or cancel: what comes after it was confirmed
	told      string
	asked     int // calls, when all goes well
	ends      facts
	reason    shopapi.OrderReason
}

func paths() map[string]path {
	return map[string]path{
		"delivered": {
			then: "delivered", told: "pending confirmed shipped delivered", asked: 5,
			ends: facts{stock: "committed", money: "captured", parcel: "planned", charges: 1},
		},
		"shipped": {
			then: "booked", told: "pending confirmed shipped", asked: 5,
			ends: facts{stock: "committed", money: "captured", parcel: "planned", charges: 1},
		},
		"cancelled": {
			then: "cancel", told: "pending confirmed cancelled", asked: 7,
			ends: facts{stock: "released", money: "refunded", parcel: "recalled", charges: 1, refunds: 1},
		},
		"too late": {
			wrong: wrong{gone: true}, then: "cancel", told: "pending confirmed", asked: 5,
			ends: facts{stock: "kept", money: "captured", parcel: "planned", charges: 1},
		},
		"out of stock": {wrong: wrong{short: true}, told: "pending rejected", asked: 1, reason: "out_of_stock"},
		"declined": {
			wrong: wrong{declined: true}, told: "pending rejected", asked: 3, reason: "payment_declined",
			ends: facts{stock: "released", money: "declined"},
		},
		"expired": {
			wrong: wrong{expired: true}, told: "pending rejected", asked: 6, reason: "out_of_stock",
			ends: facts{stock: "released", money: "refunded", parcel: "recalled", charges: 1, refunds: 1},
		},
		"not for sale": {notOnSale: true, told: "pending rejected", reason: "not_for_sale"},
	}
}

// goesOn does what comes after an order was confirmed.
func (p path) goesOn(t *testing.T, s *shell, id shop.OrderID) error {
	t.Helper()
	switch p.then {
	case "booked":
		s.hears(t, parcel(id, shopapi.ShipmentStateBooked))
	case "delivered":
		s.hears(t, parcel(id, shopapi.ShipmentStateBooked), parcel(id, shopapi.ShipmentStateDelivered))
	case "cancel":
		_, err := s.Cancel(t.Context(), shopper, id)
		return err
	}
	return nil
}

// ended checks an order against its path.
func (p path) ended(t *testing.T, s *shell, w *world, id shop.OrderID) {
	t.Helper()
	want := states(p.told)
	o := s.until(t, id, want[len(want)-1])
	if got := s.told(t, id); !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
	if got := w.facts(id); got != p.ends {
		t.Errorf("ended with %+v, want %+v", got, p.ends)
	}
	seen := o.Wire()
	if reason := seen.Reason; (reason == nil) != (p.reason == "") || reason != nil && *reason != p.reason {
		t.Errorf("reason %v, want %q", reason, p.reason)
	}
	if paid := p.ends.money != ""; paid != (seen.PaymentId != nil) || paid && *seen.PaymentId != paymentOf(id) {
		t.Errorf("payment %v", seen.PaymentId)
	}
	if sent := p.ends.parcel != ""; sent != (seen.ShipmentId != nil) || sent && *seen.ShipmentId != shipmentOf(id) {
		t.Errorf("shipment %v", seen.ShipmentId)
	}
}

// TestPaths: each path with a world in which all answers come.
func TestPaths(t *testing.T) {
	for name, p := range paths() {
		t.Run(name, func(t *testing.T) {
			w, id := &world{wrong: p.wrong}, orderID(1)
			s := newShell(t, sqlite(t), "one", w)
			s.run(t)
			s.hears(t, placed(id, !p.notOnSale))
			if p.then != "" {
				s.until(t, id, rules.Confirmed)
			}
			if err := p.goesOn(t, s, id); w.gone != errors.Is(err, rules.ErrNotCancellable) {
				t.Error(err)
			}
			p.ended(t, s, w, id)
			if got := w.asked(); len(got) != p.asked {
				t.Errorf("asked %v, want %d", got, p.asked)
			}
		})
	}
}

// TestKilledAnywhere kills the shell at each call of each path, before it has its effect and after, and starts another on the same database:
// the order ends as if nothing had happened.
func TestKilledAnywhere(t *testing.T) {
	for name, p := range paths() {
		for at := 1; at <= p.asked; at++ {
			for _, done := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s at %d %v", name, at, done), func(t *testing.T) {
					t.Parallel()
					p.killed(t, at, done)
				})
			}
		}
	}
}

func (p path) killed(t *testing.T, at int, done bool) {
	w, id, o := world{wrong: p.wrong}, orderID(1), sqlite(t)
	first := newShell(t, o, "one", &w)
	kill, dead := first.run(t), make(chan struct{})
	if p.then == "cancel" && at > 4 { // the shopper's own request carries it on
		kill = first.stop
	}
	w.meet = func(n int, _ saga.Op, after bool) error {
		if n != at || after != done {
			return nil
		}
		kill()
		close(dead)
		return errors.New("killed")
	}
	next := func() *shell {
		<-dead
		first.stop()
		s := newShell(t, o, "two", &w)
		s.run(t)
		return s
	}
	s := first
	first.hears(t, placed(id, true))
	if p.then == "" || at <= 4 {
		s = next()
	}
	if p.then != "" {
		s.until(t, id, rules.Confirmed)
		err := p.goesOn(t, s, id)
		if s == first {
			s = next()
			if p.then == "cancel" && err == nil {
				t.Error("a request that was killed has its answer")
			}
		}
	}
	p.ended(t, s, &w, id)
}

// TestUnknownOutcomes: each call of each path is answered only at the third time, with its effect or without.
func TestUnknownOutcomes(t *testing.T) {
	for name, p := range paths() {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " ", done), func(t *testing.T) {
				t.Parallel()
				id := orderID(1)
				w := world{wrong: p.wrong}
				tries := map[saga.Op]int{}
				w.meet = func(_ int, op saga.Op, after bool) error {
					if after != done {
						return nil
					}
					w.mu.Lock()
					defer w.mu.Unlock()
					if tries[op]++; tries[op] < 3 {
						return errors.New("nobody knows")
					}
					return nil
				}
				s := newShell(t, sqlite(t), "one", &w)
				s.run(t)
				s.hears(t, placed(id, !p.notOnSale))
				if p.then != "" {
					s.until(t, id, rules.Confirmed)
				}
				if err := p.goesOn(t, s, id); w.gone != errors.Is(err, rules.ErrNotCancellable) {
					t.Error(err)
				}
				p.ended(t, s, &w, id)
				if got := w.asked(); len(got) != 3*p.asked {
					t.Errorf("asked %v, want %d", got, 3*p.asked)
				}
			})
		}
	}
}
