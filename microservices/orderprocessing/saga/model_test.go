package saga_test

import (
	"errors"
	"figlab/microservices/orderprocessing/saga"
	"fmt"
	"strings"
	"testing"
	"time"

	rules "figlab/shop/orderprocessing"
)

// A machine is what is checked: the real one, or a mutant of it.
type machine struct {
	start   func(saga.Placed) (saga.State, []saga.Effect)
	step    func(saga.State, saga.Event) (saga.State, []saga.Effect)
	pending func(saga.State) []saga.Effect
}

func ours() machine { return machine{saga.Start, saga.Step, saga.Pending} }

// A checker visits every world that can be reached, breadth first: what it finds first is the shortest way to a broken law.
type checker struct {
	machine
	callees
	laws    func(world) error
	calls   []saga.Call
	answers []saga.Answer
	seen    map[world]from
	queue   []world
	phases  map[saga.Phase]bool
}

// from says how a world was reached.
type from struct {
	world
	how string
}

// check returns how many worlds there are, and the way to the first that breaks a law.
func check(m machine, c callees, law func(world) error) (*checker, error) {
	k := &checker{machine: m, callees: c, laws: law, seen: map[world]from{}, phases: map[saga.Phase]bool{}}
	for _, forSale := range []bool{true, false} {
		p := placed()
		p.ForSale = forSale
		s, effects := m.start(p)
		told, err := lawful(saga.State{}, s, rules.Pending, effects, m.pending(s))
		if err != nil {
			return k, err
		}
		w := world{order: s, told: told}
		if err := k.reach(w, effects, from{how: "placed"}); err != nil {
			return k, err
		}
	}
	for len(k.queue) > 0 {
		w := k.queue[0]
		k.queue = k.queue[1:]
		if err := k.expand(w); err != nil {
			return k, err
		}
	}
	return k, nil
}

// expand goes every way on.
func (k *checker) expand(w world) error {
	for _, n := range k.drift(w) {
		if err := k.reach(n, nil, from{w, "drift"}); err != nil {
			return err
		}
	}
	if err := k.reach(w, k.pending(w.order), from{w, "picked up"}); err != nil {
		return err
	}
	for i, call := range k.calls {
		if !w.sent.has(i) {
			continue
		}
		for _, way := range k.act(w, i, call.Op) {
			n := way.world
			n.answers = n.answers.with(k.answer(saga.Answer{Op: call.Op, Outcome: way.outcome}))
			n.answers = n.answers.with(k.answer(saga.Answer{Op: call.Op, Outcome: saga.Unknown}))
			if err := k.reach(n, nil, from{w, fmt.Sprintf("%s reaches its callee: %s", call.Key, way.outcome)}); err != nil {
				return err
			}
		}
		if err := k.take(w, saga.Answer{Op: call.Op, Outcome: saga.Unknown}); err != nil {
			return err
		}
	}
	for _, e := range k.events(w) {
		if err := k.take(w, e); err != nil {
			return err
		}
	}
	return nil
}

// events returns what a shell may hear in a world.
func (k *checker) events(w world) []saga.Event {
	all := []saga.Event{saga.Woken{}, saga.CancelWanted{}}
	for i, a := range k.answers {
		if w.answers.has(i) {
			all = append(all, a)
		}
	}
	if w.parcel == booked || w.parcel == arrived {
		all = append(all, saga.ParcelBooked{})
	}
	if w.parcel == arrived {
		all = append(all, saga.ParcelDelivered{})
	}
	return all
}

// take has the machine make a step; whoever made it may crash before any of its calls is sent.
func (k *checker) take(w world, e saga.Event) error {
	how := strings.TrimPrefix(fmt.Sprintf("%T", e), "saga.")
	if a, ok := e.(saga.Answer); ok {
		how = fmt.Sprintf("%s %s", a.Op, a.Outcome)
	}
	n, effects, err := k.next(w, e)
	if err != nil {
		return k.broken(from{w, how}, err)
	}
	if err := k.reach(n, nil, from{w, how + ", then a crash"}); err != nil {
		return err
	}
	return k.reach(n, effects, from{w, how})
}

func (k *checker) next(w world, e saga.Event) (world, []saga.Effect, error) {
	s, effects := k.step(w.order, at(e, w.late))
	told, err := lawful(w.order, s, w.told, effects, k.pending(s))
	w.order, w.told = s, told
	switch e.(type) {
	case saga.ParcelBooked:
		w.heardBooked = true
	case saga.ParcelDelivered:
		w.heardArrived = true
	}
	return w, effects, err
}

// at gives an event its time: before the deadline, or well after; in a checker's world everything is due.
func at(e saga.Event, late bool) saga.Event {
	now := placed().At.Add(time.Minute / 6)
	if late {
		now = now.Add(time.Minute)
	}
	switch e := e.(type) {
	case saga.Answer:
		e.At = now
		return e
	case saga.ParcelBooked:
		return saga.ParcelBooked{At: now}
	case saga.ParcelDelivered:
		return saga.ParcelDelivered{At: now}
	case saga.CancelWanted:
		return saga.CancelWanted{At: now}
	default:
		return saga.Woken{At: now}
	}
}

// reach comes to a world, with calls sent on the way. What only grows is cut off, so that the worlds have an end: the version, and
// attempts beyond the second, which change nothing but pauses.
func (k *checker) reach(w world, effects []saga.Effect, how from) error {
	for _, e := range effects {
		if c, ok := e.(saga.Call); ok {
			w.sent = w.sent.with(k.call(c))
		}
	}
	w.order.Version, w.order.Attempts = 1, min(w.order.Attempts, 1)
	if !w.order.Due.IsZero() {
		w.order.Due = w.order.PlacedAt
	}
	if _, ok := k.seen[w]; ok {
		return nil
	}
	k.seen[w] = how
	k.phases[w.order.Step] = true
	k.queue = append(k.queue, w)
	err := errors.Join(k.laws(w), k.settles(w))
	if err != nil {
		return k.broken(from{w, ""}, err)
	}
	return nil
}

func (k *checker) call(c saga.Call) int     { return number(&k.calls, c) }
func (k *checker) answer(a saga.Answer) int { return number(&k.answers, a) }

func number[T comparable](all *[]T, one T) int {
	for i, t := range *all {
		if t == one {
			return i
		}
	}
	*all = append(*all, one)
	return len(*all) - 1
}

// broken tells the way to a world.
func (k *checker) broken(last from, err error) error {
	way := last.how
	for w := last.world; w.order.Step != ""; {
		f := k.seen[w]
		way = f.how + "; " + way
		w = f.world
	}
	return fmt.Errorf("%w, after: %s", err, strings.TrimSuffix(way, "; "))
}

// TestModel: no law is broken in any world that can be reached, and from each the order comes to its end when faults stop.
func TestModel(t *testing.T) {
	k, err := check(ours(), callees{}, laws)
	if err != nil {
		t.Fatal(err)
	}
	if len(k.phases) != 13 || len(k.calls) != 9 {
		t.Errorf("the model reaches %d phases and makes %d calls: it does not see everything", len(k.phases), len(k.calls))
	}
	t.Logf("%d worlds", len(k.seen))
}

// TestParcelOfARejectedOrder: kept after planned, a reservation may expire when the parcel is booked already. Nothing but logistics can
// prevent that, by booking only what is confirmed.
func TestParcelOfARejectedOrder(t *testing.T) {
	if _, err := check(ours(), callees{}, noParcel); !errors.Is(err, errParcel) {
		t.Errorf("logistics that books as it likes: %v, want %v", err, errParcel)
	}
	if _, err := check(ours(), callees{booksOnlyAfter: true}, noParcel); err != nil {
		t.Errorf("logistics that books what is confirmed: %v", err)
	}
}
