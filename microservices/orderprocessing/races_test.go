package orderprocessing

import (
	"context"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/internal/bus"
	"figlab/microservices/orderprocessing/saga"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	rules "figlab/shop/orderprocessing"
)

// TestTwoShells: two processes on one database are both told of every order, and drive it at once.
func TestTwoShells(t *testing.T) { twoShells(t, sqlite(t)) }

func twoShells(t *testing.T, o store.Options) {
	t.Helper()
	var w world
	shells := []*shell{newShell(t, o, "one", &w), newShell(t, o, "two", &w)}
	for _, s := range shells {
		s.run(t)
	}
	const n = 12
	for i := range n {
		shells[i%2].hears(t, placed(orderID(i), true))
		shells[1-i%2].desk.put(orderID(i))
	}
	for i := range n {
		shells[0].until(t, orderID(i), rules.Confirmed)
		shells[i%2].hears(t, parcel(orderID(i), shopapi.ShipmentStateBooked))
		shells[1-i%2].desk.put(orderID(i))
	}
	for i := range n {
		shells[0].until(t, orderID(i), rules.Shipped)
		if got := shells[1].told(t, orderID(i)); len(got) != 3 {
			t.Errorf("order %d: told %v", i, got)
		}
		if got := w.facts(orderID(i)); got.charges != 1 || got.stock != "committed" {
			t.Errorf("order %d: %+v", i, got)
		}
	}
}

// TestOvertaken: of two that make the same step one finds that it was made. Nothing is told twice, and what has come since is not undone.
func TestOvertaken(t *testing.T) { overtaken(t, sqlite(t)) }

func overtaken(t *testing.T, o store.Options) {
	t.Helper()
	var w world
	one, two, id := newShell(t, o, "one", &w), newShell(t, o, "two", &w), orderID(1)
	one.hears(t, placed(id, true))
	answers := []saga.Answer{{Op: saga.Reserve}, {Op: saga.Authorise, ID: paymentOf(id)}, {Op: saga.Plan, ID: shipmentOf(id)}, {Op: saga.Keep}}
	for _, a := range answers {
		a.Outcome = saga.Done
		before := one.stands(t, id)
		var all sync.WaitGroup
		for _, s := range []*shell{one, two} {
			all.Go(func() {
				a.At = s.now()
				if _, _, err := s.step(t.Context(), before, a); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if after := one.stands(t, id); after.State.Version != before.State.Version+1 {
			t.Errorf("%s: version %d after %d", a.Op, after.State.Version, before.State.Version)
		}
	}
	// An event is taken into what another one has written meanwhile, not over it.
	stale := one.stands(t, id)
	if _, _, err := two.step(t.Context(), stale, saga.CancelWanted{At: two.now()}); err != nil {
		t.Error(err)
	}
	got, effects, err := one.step(t.Context(), stale, saga.ParcelBooked{At: one.now()})
	op, _ := asked(effects)
	if err != nil || !got.State.TooLate || op != saga.Commit {
		t.Errorf("booked while it was being cancelled: %+v, %v, %v", got.State, effects, err)
	}
	if got := one.told(t, id); len(got) != 2 {
		t.Errorf("told %v", got)
	}
}

// TestCancelledAtOnce: three who cancel at once, at one process or at two, get the same answer.
func TestCancelledAtOnce(t *testing.T) {
	for name, at := range map[string][]int{"one process": {0, 0, 0}, "two processes": {0, 1, 0}} {
		t.Run(name, func(t *testing.T) {
			var w world
			o, id := sqlite(t), orderID(1)
			shells := []*shell{newShell(t, o, "one", &w), newShell(t, o, "two", &w)}
			shells[0].run(t)
			shells[0].hears(t, placed(id, true))
			shells[0].until(t, id, rules.Confirmed)
			if slices.Contains(at, 1) { // its first look would take up what the other one is at work on
				shells[1].run(t)
			}
			w.meet = func(_ int, _ saga.Op, done bool) error {
				if !done {
					time.Sleep(10 * time.Millisecond) // so that they meet
				}
				return nil
			}
			var all sync.WaitGroup
			for _, i := range at {
				all.Go(func() {
					if got, err := shells[i].Cancel(t.Context(), shopper, id); err != nil || got.Wire().State != shopapi.OrderStateCancelled {
						t.Errorf("%s, %v", got.Wire().State, err)
					}
				})
			}
			all.Wait()
			if got := w.facts(id); got.refunds != 1 || got.stock != "released" || got.parcel != "recalled" {
				t.Errorf("%+v", got)
			}
			if got := shells[0].told(t, id); !slices.Equal(got, states("pending confirmed cancelled")) {
				t.Errorf("told %v", got)
			}
			if got := w.asked(); name == "one process" && len(got) != 7 {
				t.Errorf("asked %v", got)
			}
		})
	}
}

// TestBookedWhileCancelling: the carrier was faster than three who cancel. They are told so, and the order goes on at once.
func TestBookedWhileCancelling(t *testing.T) {
	var w world
	s, id := newShell(t, sqlite(t), "one", &w), orderID(1)
	s.run(t)
	s.hears(t, placed(id, true))
	s.until(t, id, rules.Confirmed)
	recalling, booked := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w.mu.Lock()
	w.gone = true
	w.meet = func(_ int, op saga.Op, done bool) error {
		if op == saga.Recall && !done {
			once.Do(func() { close(recalling) })
			<-booked
		}
		return nil
	}
	w.mu.Unlock()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if _, err := s.Cancel(t.Context(), shopper, id); !errors.Is(err, rules.ErrNotCancellable) {
				t.Errorf("too late, but %v", err)
			}
		})
	}
	<-recalling
	s.hears(t, parcel(id, shopapi.ShipmentStateBooked))
	close(booked)
	began := time.Now()
	all.Wait()
	s.until(t, id, rules.Shipped)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it went on after %s: not before the sweeper found it", took)
	}
	if got := s.told(t, id); !slices.Equal(got, states("pending confirmed shipped")) {
		t.Errorf("told %v", got)
	}
}

// TestCancellationTakesLonger: a sibling that does not answer is asked again for a while; then the shopper is told, and the order is called
// back all the same.
func TestCancellationTakesLonger(t *testing.T) {
	var w world
	s, id := newShell(t, sqlite(t), "one", &w), orderID(1)
	s.run(t)
	s.hears(t, placed(id, true))
	s.until(t, id, rules.Confirmed)
	var mu sync.Mutex
	away := true
	w.meet = func(_ int, _ saga.Op, done bool) error {
		mu.Lock()
		defer mu.Unlock()
		if away && !done {
			return errors.New("away")
		}
		return nil
	}
	ctx, gone := context.WithTimeout(t.Context(), 30*time.Millisecond) // the shopper goes away: that ends nothing
	defer gone()
	if _, err := s.Cancel(ctx, shopper, id); !errors.Is(err, ErrUnderWay) {
		t.Errorf("%v", err)
	}
	if n := len(w.asked()) - 4; n < 5 || n > 9 {
		t.Errorf("asked %d times in %s", n, cancelWithin)
	}
	mu.Lock()
	away = false
	mu.Unlock()
	s.within(t, 8*time.Second, id, rules.Cancelled)
	if _, err := s.Cancel(t.Context(), shopper, id); err != nil {
		t.Errorf("cancelled before: %v", err)
	}
}

// TestNewsAgainAndAstray: events come twice, under their own id or another, and in any order.
func TestNewsAgainAndAstray(t *testing.T) {
	var w world
	s, id := newShell(t, sqlite(t), "one", &w), orderID(1)
	early := parcel(id, shopapi.ShipmentStateBooked)
	if err := s.take(t, early)[0]; err == nil || bus.Poisoned(err) {
		t.Errorf("a parcel of an order not heard of: %v, want it to come again", err)
	}
	first := placed(id, true)
	s.hears(t, first, first, placed(id, true))
	s.run(t)
	s.until(t, id, rules.Confirmed)
	s.hears(t, first, placed(id, true), parcel(id, shopapi.ShipmentStatePending))
	arrived := parcel(id, shopapi.ShipmentStateDelivered)
	s.hears(t, arrived, early, arrived, parcel(id, shopapi.ShipmentStateBooked))
	s.until(t, id, rules.Delivered)
	s.hears(t, arrived, parcel(id, shopapi.ShipmentStateBooked), parcel(id, shopapi.ShipmentStateCancelled), placed(id, true))
	time.Sleep(20 * time.Millisecond)
	if got := s.told(t, id); !slices.Equal(got, states("pending confirmed shipped delivered")) {
		t.Errorf("told %v", got)
	}
	if got := w.asked(); len(got) != 5 {
		t.Errorf("asked %v", got)
	}
}

// TestPoison: what can never be carried out goes to the dead letters at once, and does not keep its neighbours.
func TestPoison(t *testing.T) {
	var w world
	s := newShell(t, sqlite(t), "one", &w)
	id := orderID(1)
	changed := func(change func(*internalapi.PlacedOrder)) internalapi.Event {
		b := fmt.Sprintf(`{"id":%q,"lines":[{}]}`, id)
		p := internalapi.PlacedOrder{Order: []byte(b), UserId: shopper, ForSale: true}
		change(&p)
		return event(shop.OrderTaking, "order-placed", 2, string(id), p)
	}
	old, astray := placed(id, true), placed(id, true)
	old.Schema, astray.Key = 1, string(orderID(2))
	for name, e := range map[string]internalapi.Event{
		"old schema": old, "another's key": astray,
		"no data":           event(shop.OrderTaking, "order-placed", 2, string(id), []int{}),
		"no order":          changed(func(p *internalapi.PlacedOrder) { p.Order = []byte("[]") }),
		"no user":           changed(func(p *internalapi.PlacedOrder) { p.UserId = "" }),
		"no lines":          changed(func(p *internalapi.PlacedOrder) { p.Order = []byte(fmt.Sprintf(`{"id":%q}`, id)) }),
		"no id":             changed(func(p *internalapi.PlacedOrder) { p.Order = []byte(`{"lines":[{}]}`) }),
		"parcel of no kind": event(shop.Logistics, "shipment-changed", 1, shipmentOf(id), "parcel"),
	} {
		good := placed(orderID(len(name)), true)
		errs := s.take(t, e, good)
		if !bus.Poisoned(errs[0]) || errs[1] != nil {
			t.Errorf("%s: %v", name, errs)
		}
		if o := s.stands(t, orderID(len(name))); o.ID == "" {
			t.Errorf("%s: its neighbour is not there", name)
		}
	}
}

// TestOwners: an order is its shopper's. One that was not heard of yet stands where each begins; one that nobody placed is nobody's.
func TestOwners(t *testing.T) {
	var w world
	s, id := newShell(t, sqlite(t), "one", &w), orderID(1)
	s.hears(t, placed(id, true))
	for _, c := range []struct {
		user shop.UserID
		id   shop.OrderID
		want error
	}{{nobody, id, shop.ErrNoOrder}, {shopper, orderID(7), shop.ErrNoOrder}, {shopper, unheard, nil}, {shopper, id, nil}} {
		got, err := s.Events(t.Context(), c.user, c.id)
		if !errors.Is(err, c.want) || err == nil && (len(got) != 1 || got[0] != rules.Start(born)) {
			t.Errorf("%s's events of %s: %v, %v", c.user, c.id, got, err)
		}
		want := c.want
		if want == nil {
			want = rules.ErrNotCancellable
		}
		if _, err := s.Cancel(t.Context(), c.user, c.id); !errors.Is(err, want) {
			t.Errorf("%s cancels %s: %v", c.user, c.id, err)
		}
	}
	if got := w.asked(); len(got) != 0 {
		t.Errorf("asked %v", got)
	}
}
