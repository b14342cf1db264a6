package saga_test

import (
	"errors"
	"figlab/microservices/orderprocessing/saga"
	"slices"
	"strconv"
	"testing"

	rules "figlab/shop/orderprocessing"
)

// TestMutants: the model check finds every one of these bugs, and names the law it breaks.
func TestMutants(t *testing.T) {
	for _, c := range []struct {
		name   string
		law    error
		mutate func(*machine)
	}{
		{"a decline releases nothing", errStock, goes(saga.Authorising, saga.Authorise, saga.Refused, saga.Rejected, "")},
		{"confirmed before the pieces are kept", errPromise, goes(saga.Shipping, saga.Plan, saga.Done, saga.Confirmed, "")},
		{"confirmed although the reservation has expired", errPromise, goes(saga.Confirming, saga.Keep, saga.Refused, saga.Confirmed, "")},
		{"the money is not asked for", errPromise, goes(saga.Reserving, saga.Reserve, saga.Done, saga.Shipping, saga.Plan)},
		{"silence is a decline", errRefund, goes(saga.Authorising, saga.Authorise, saga.Unknown, saga.Releasing, saga.Release)},
		{"silence is money", errPromise, goes(saga.Authorising, saga.Authorise, saga.Unknown, saga.Shipping, saga.Plan)},
		{"silence is out of stock", errStock, goes(saga.Reserving, saga.Reserve, saga.Unknown, saga.Rejected, "")},
		{"expired, and no refund", errRefund, goes(saga.Compensating, saga.Recall, saga.Done, saga.Rejected, "")},
		{"expired, and no recall", errParcel, goes(saga.Confirming, saga.Keep, saga.Refused, saga.Compensating, saga.Refund)},
		{"cancelled, and no release", errStock, goes(saga.Cancelling, saga.Recall, saga.Done, saga.Cancelling, saga.Refund)},
		{"cancelled, and no refund", errRefund, goes(saga.Cancelling, saga.Release, saga.Done, saga.Cancelled, "")},
		{"cancelled although the recall is refused", errParcel, goes(saga.Cancelling, saga.Recall, saga.Refused, saga.Cancelling, saga.Release)},
		{"cancelled although the recall is unknown", errParcel, goes(saga.Cancelling, saga.Recall, saga.Unknown, saga.Cancelling, saga.Release)},
		{"released, and then told confirmed again", errPromise, goes(saga.Cancelling, saga.Release, saga.Done, saga.Confirmed, "")},
		{"stale answers are taken", errPromise, mutateEvent(anyAnswer)},
		{"a fresh key for every attempt", errCharge, mutateEffects(freshKey)},
		{"shipped without a commit", errCommit, mutateStep(shipAtOnce)},
		{"given up at the deadline without a release", errStock, mutateStep(giveUp)},
		{"a cancel before the order is confirmed", errTell, mutateStep(cancelEarly)},
		{"a state told twice", errTell, mutateStep(tellTwice)},
		{"a state not told", errTell, mutateStep(tellNothing)},
		{"a booking before the order is confirmed is forgotten", errUnsettled, mutateStep(forgetBooking)},
		{"a booking during the recall is forgotten", errUnsettled, mutateStep(forgetBookingInRecall)},
		{"a delivery that overtakes is forgotten", errUnsettled, mutateStep(forgetDelivery)},
		{"no look after silence", errUnsettled, mutateStep(noLook)},
		{"a look asks nothing", errUnsettled, mutateStep(idleLook)},
		{"a crash loses the call", errPending, func(m *machine) { m.pending = func(saga.State) []saga.Effect { return nil } }},
		{"every event is a new version", errVersion, mutateStep(alwaysNew)},
		{"a change under the old version", errVersion, mutateStep(neverNew)},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := ours()
			c.mutate(&m)
			if k, err := check(m, callees{}, laws); !errors.Is(err, c.law) {
				t.Errorf("%d worlds, %v; want %v", len(k.seen), err, c.law)
			}
		})
	}
}

// TestCallees: what the callees owe is needed. Each neglect breaks a law, whatever the machine does.
func TestCallees(t *testing.T) {
	for _, c := range []struct {
		name string
		c    callees
		law  error
	}{
		{"the warehouse reserves for an order that it has released", callees{forgetsOver: true}, errStock},
		{"the warehouse reserves for an order that it has refused", callees{forgetsRefusal: true}, errStock},
		{"logistics plans again what it has recalled", callees{forgetsRecall: true}, errParcel},
		{"logistics recalls what the carrier has booked", callees{recallsBooked: true}, errCommit},
	} {
		if k, err := check(ours(), c.c, laws); !errors.Is(err, c.law) {
			t.Errorf("%s: %d worlds, %v; want %v", c.name, len(k.seen), err, c.law)
		}
	}
}

// A change is made to what a step returns.
type change func(before saga.State, e saga.Event, after saga.State, effects []saga.Effect) (saga.State, []saga.Effect)

func mutateStep(f change) func(*machine) {
	return func(m *machine) {
		m.step = func(s saga.State, e saga.Event) (saga.State, []saga.Effect) {
			after, effects := saga.Step(s, e)
			return f(s, e, after, effects)
		}
	}
}

func mutateEvent(f func(saga.State, saga.Event) saga.Event) func(*machine) {
	return func(m *machine) {
		m.step = func(s saga.State, e saga.Event) (saga.State, []saga.Effect) { return saga.Step(s, f(s, e)) }
	}
}

func mutateEffects(f func(saga.State, []saga.Effect) []saga.Effect) func(*machine) {
	return func(m *machine) {
		m.step = func(s saga.State, e saga.Event) (saga.State, []saga.Effect) {
			after, effects := saga.Step(s, e)
			return after, f(after, effects)
		}
		m.start = func(p saga.Placed) (saga.State, []saga.Effect) { s, effects := saga.Start(p); return s, f(s, effects) }
		m.pending = func(s saga.State) []saga.Effect { return f(s, saga.Pending(s)) }
	}
}

// goes sends an order the wrong way after an answer.
func goes(in saga.Phase, op saga.Op, o saga.Outcome, to saga.Phase, next saga.Op) func(*machine) {
	return mutateStep(func(before saga.State, e saga.Event, after saga.State, effects []saga.Effect) (saga.State, []saga.Effect) {
		if a, ok := e.(saga.Answer); ok && before.Step == in && before.Op == op && a.Op == op && a.Outcome == o {
			return turned(before, to, next)
		}
		return after, effects
	})
}

func turned(s saga.State, to saga.Phase, op saga.Op) (saga.State, []saga.Effect) {
	var effects []saga.Effect
	seen := s.Order()
	s.Step, s.Op, s.Attempts, s.Pausing, s.Due, s.Version = to, op, 0, false, s.PlacedAt, s.Version+1
	if to == saga.Releasing || to == saga.Compensating {
		s.Reason = rules.PaymentDeclined
	}
	if now := s.Order(); now == rules.Rejected {
		effects = append(effects, saga.Tell{State: now, Reason: rules.OutOfStock})
	} else if now != seen {
		effects = append(effects, saga.Tell{State: now})
	}
	return s, append(effects, saga.Pending(s)...)
}

func anyAnswer(s saga.State, e saga.Event) saga.Event {
	if a, ok := e.(saga.Answer); ok {
		a.Op = s.Op
		return a
	}
	return e
}

func freshKey(s saga.State, effects []saga.Effect) []saga.Effect {
	effects = slices.Clone(effects)
	for i, e := range effects {
		if c, ok := e.(saga.Call); ok {
			c.Key += strconv.Itoa(s.Attempts)
			effects[i] = c
		}
	}
	return effects
}

func shipAtOnce(before saga.State, e saga.Event, after saga.State, effects []saga.Effect) (saga.State, []saga.Effect) {
	if _, ok := e.(saga.ParcelBooked); ok && before.Step == saga.Confirmed {
		return turned(before, saga.Shipped, "")
	}
	return after, effects
}

func giveUp(before saga.State, _ saga.Event, after saga.State, effects []saga.Effect) (saga.State, []saga.Effect) {
	if before.Step == saga.Reserving && after.Step == saga.Releasing {
		return turned(before, saga.Rejected, "")
	}
	return after, effects
}

func cancelEarly(before saga.State, e saga.Event, after saga.State, effects []saga.Effect) (saga.State, []saga.Effect) {
	if _, ok := e.(saga.CancelWanted); ok && before.Step == saga.Shipping {
		return turned(before, saga.Cancelled, "")
	}
	return after, effects
}

func tellTwice(_ saga.State, _ saga.Event, after saga.State, effects []saga.Effect) (saga.State, []saga.Effect) {
	return after, append(effects, slices.DeleteFunc(slices.Clone(effects), notTold)...)
}

func tellNothing(_ saga.State, _ saga.Event, after saga.State, effects []saga.Effect) (saga.State, []saga.Effect) {
	return after, slices.DeleteFunc(effects, func(e saga.Effect) bool { return !notTold(e) })
}

func notTold(e saga.Effect) bool { _, ok := e.(saga.Tell); return !ok }

func forgetBooking(before saga.State, e saga.Event, after saga.State, effects []saga.Effect) (saga.State, []saga.Effect) {
	if _, ok := e.(saga.ParcelBooked); ok && before.Order() == rules.Pending {
		return before, nil
	}
	return after, effects
}

func forgetBookingInRecall(before saga.State, e saga.Event, after saga.State, effects []saga.Effect) (saga.State, []saga.Effect) {
	if _, ok := e.(saga.ParcelBooked); ok && before.Step == saga.Cancelling {
		return before, nil
	}
	return after, effects
}

func forgetDelivery(before saga.State, e saga.Event, after saga.State, effects []saga.Effect) (saga.State, []saga.Effect) {
	if _, ok := e.(saga.ParcelDelivered); ok && before.Step != saga.Shipped {
		return before, nil
	}
	return after, effects
}

func noLook(_ saga.State, _ saga.Event, after saga.State, effects []saga.Effect) (saga.State, []saga.Effect) {
	if after.Pausing {
		after.Due = saga.State{}.Due
		return after, nil
	}
	return after, effects
}

func idleLook(before saga.State, e saga.Event, after saga.State, effects []saga.Effect) (saga.State, []saga.Effect) {
	if _, ok := e.(saga.Woken); ok {
		return before, nil
	}
	return after, effects
}

func alwaysNew(before saga.State, _ saga.Event, after saga.State, effects []saga.Effect) (saga.State, []saga.Effect) {
	after.Version = before.Version + 1
	return after, effects
}

func neverNew(before saga.State, _ saga.Event, after saga.State, effects []saga.Effect) (saga.State, []saga.Effect) {
	after.Version = before.Version
	return after, effects
}
