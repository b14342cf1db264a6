package orderprocessing

import (
	"context"
	"figlab/api/internalapi"
	"figlab/microservices/orderprocessing/saga"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"sync"
	"testing"
	"time"

	rules "figlab/shop/orderprocessing"
)

// TestLeftBehind: what a process took in and never carried on is found by one that has been looking all the time, when it is due.
func TestLeftBehind(t *testing.T) {
	var w world
	o, id := sqlite(t), orderID(1)
	var mu sync.Mutex
	var ahead time.Duration
	looking := newShell(t, o, "two", &w)
	looking.deps.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return time.Now().Add(ahead)
	}
	looking.run(t)
	time.Sleep(30 * time.Millisecond) // its first look is over
	newShell(t, o, "one", &w).hears(t, placed(id, true))
	var a internalapi.Audit
	if err := looking.audit(t.Context(), &a); err != nil || a.Work.OrdersPending != 1 {
		t.Errorf("%d orders are left, %v", a.Work.OrdersPending, err)
	}
	time.Sleep(lookEvery + 100*time.Millisecond)
	if got := w.asked(); len(got) != 0 {
		t.Errorf("asked %v, though whoever took the order in has time", got)
	}
	mu.Lock()
	ahead = 6 * time.Second
	mu.Unlock()
	looking.until(t, id, rules.Confirmed)
	a = internalapi.Audit{}
	if err := looking.audit(t.Context(), &a); err != nil || a.Work.OrdersPending != 0 {
		t.Errorf("%d orders are left, %v", a.Work.OrdersPending, err)
	}
}

// TestGivenUp: an order that could not be reserved in time is rejected, and what may have been reserved is released.
func TestGivenUp(t *testing.T) {
	w := world{meet: func(_ int, op saga.Op, done bool) error {
		if op == saga.Reserve && done {
			return context.DeadlineExceeded
		}
		return nil
	}}
	o, id := sqlite(t), orderID(1)
	s := newShell(t, o, "one", &w)
	s.hears(t, placed(id, true))
	s.carry(t.Context(), id)
	s.deps.Now = func() time.Time { return time.Now().Add(reserveWithin + time.Second) }
	s.carry(t.Context(), id)
	got := s.stands(t, id)
	if got.Last.State != rules.Rejected || got.State.Reason != rules.OutOfStock || w.facts(id).stock != "released" {
		t.Errorf("%+v with %+v", got.State, w.facts(id))
	}
}

// TestManyAtOnce: more than the queue takes is carried on all the same, and no more at once than there are workers.
func TestManyAtOnce(t *testing.T) {
	var w world
	s := newShell(t, sqlite(t), "one", &w)
	var mu sync.Mutex
	now, most := 0, 0
	w.meet = func(_ int, op saga.Op, done bool) error {
		mu.Lock()
		if now--; !done {
			now += 2
		}
		most = max(most, now)
		mu.Unlock()
		if op == saga.Reserve && !done {
			time.Sleep(2 * time.Millisecond)
		}
		return nil
	}
	const n = queued + 40
	var events []internalapi.Event
	for i := range n {
		events = append(events, placed(orderID(i), true))
	}
	s.hears(t, events...)
	if len(s.desk.queue) != queued {
		t.Errorf("%d are queued", len(s.desk.queue))
	}
	s.deps.Now = func() time.Time { return time.Now().Add(6 * time.Second) } // what was not queued is due
	s.run(t)
	for i := range n {
		s.until(t, orderID(i), rules.Confirmed)
	}
	mu.Lock()
	defer mu.Unlock()
	if most > atOnce || most < 2 {
		t.Errorf("%d at once", most)
	}
	if left, err := due(s.db.Read(t.Context()), 0, n); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestDesk: an order is in one hand at a time, and news of it are not lost.
func TestDesk(t *testing.T) {
	d := newDesk()
	d.put("a")
	d.put("a")
	if len(d.queue) != 1 {
		t.Errorf("queued %d times", len(d.queue))
	}
	if !d.take(<-d.queue) || d.take("a") {
		t.Error("taken twice")
	}
	d.free("a")
	if len(d.queue) != 1 || !d.take(<-d.queue) {
		t.Error("whoever had it does not look again")
	}
	d.put("a")
	if len(d.queue) != 0 {
		t.Error("queued though somebody has it")
	}
	ctx, cancel := context.WithCancel(t.Context())
	gaveUp, got := make(chan error), make(chan error)
	go func() { gaveUp <- d.hold(ctx, "a") }()
	cancel()
	if err := <-gaveUp; err == nil {
		t.Error("held by two")
	}
	go func() { got <- d.hold(t.Context(), "a") }()
	d.free("a")
	if err := <-got; err != nil {
		t.Error(err)
	}
	d.free("a")
	if len(d.queue) > 1 {
		t.Errorf("queued %d times", len(d.queue))
	}
}

// TestStopped: a process that stops finishes what it has begun and what waits, but takes nothing new.
func TestStopped(t *testing.T) {
	d := newDesk()
	ctx, cancel := context.WithCancel(t.Context())
	begun, going, done := make(chan struct{}, 2), make(chan struct{}), make(chan shop.OrderID, 2)
	ended := make(chan error)
	go func() {
		ended <- d.workers(func(own context.Context, id shop.OrderID) {
			begun <- struct{}{}
			<-going
			if own.Err() == nil {
				done <- id
			}
		}).Run(ctx)
	}()
	d.put("a")
	<-begun
	cancel()
	began := time.Now()
	close(going)
	if err := <-ended; err != nil || len(done) != 1 || time.Since(began) > finish/2 {
		t.Errorf("%d finished, %v, after %s", len(done), err, time.Since(began))
	}
	d.put("b")
	if len(done) != 1 {
		t.Error("it takes more")
	}
}

// TestWritten: what an order needs later is there after it was written.
func TestWritten(t *testing.T) {
	var w world
	s, id := newShell(t, store.Options{Kind: store.SQLite, Dir: t.TempDir()}, "one", &w), orderID(1)
	s.hears(t, placed(id, true))
	o := s.stands(t, id)
	if o.Placed.PaymentToken != "tok_ok" || o.Placed.WeightGrams != 700 || len(items(o)) != 1 || items(o)[0] != (internalapi.Quantity{ProductId: goods, Quantity: 3}) {
		t.Errorf("%+v", o.Placed)
	}
	if o.State.Due.Before(o.State.PlacedAt) || !o.State.Deadline.Equal(o.State.PlacedAt.Add(reserveWithin)) {
		t.Errorf("%+v", o.State)
	}
}
