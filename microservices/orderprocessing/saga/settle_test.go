package saga_test

import (
	"figlab/microservices/orderprocessing/saga"
	"fmt"
)

// settles says whether an order comes to its end once faults stop: picked up by a shell that starts, or found by one that looks.
func (k *checker) settles(w world) error {
	for _, pickUp := range []bool{true, false} {
		end, err := k.settle(w, pickUp)
		if err != nil {
			return err
		}
		if err := k.laws(end); err != nil {
			return fmt.Errorf("in the end: %w", err)
		}
		if !ended(end) {
			return fmt.Errorf("picked up %v, %s: %w", pickUp, end.order.Step, errUnsettled)
		}
	}
	return nil
}

// settle plays on without faults: each call is answered once, and news that were not taken yet come.
func (k *checker) settle(w world, pickUp bool) (world, error) {
	effects := k.pending(w.order)
	if !pickUp {
		effects = nil
	}
	var err error
	for range 12 {
		call, ok := find(effects)
		switch {
		case ok:
			way := k.act(w, k.call(call), call.Op)[0]
			w, effects, err = k.next(way.world, saga.Answer{Op: call.Op, Outcome: way.outcome})
		case saga.Open(w.order):
			if w.order.Due.IsZero() {
				return w, errUnsettled
			}
			w.order.Due = w.order.PlacedAt // time passes until then
			w, effects, err = k.next(w, saga.Woken{})
		case (w.parcel == booked || w.parcel == arrived) && !w.heardBooked:
			w, effects, err = k.next(w, saga.ParcelBooked{})
		case w.parcel == booked && w.order.Step == saga.Confirmed: // the news were taken, and nothing came of them
			return w, errUnsettled
		case w.parcel == booked:
			w.parcel = arrived
		case w.parcel == arrived && !w.heardArrived:
			w, effects, err = k.next(w, saga.ParcelDelivered{})
		}
		if err != nil {
			return w, err
		}
	}
	return w, nil
}

func find(effects []saga.Effect) (saga.Call, bool) {
	for _, e := range effects {
		if c, ok := e.(saga.Call); ok {
			return c, true
		}
	}
	return saga.Call{}, false
}

// ended says whether nothing is left to do: confirmed is an end as long as the parcel waits for the carrier.
func ended(w world) bool {
	switch w.order.Step {
	case saga.Confirmed:
		return !saga.Open(w.order) && w.parcel == planned
	case saga.Delivered, saga.Rejected, saga.Cancelled:
		return !saga.Open(w.order)
	default:
		return false
	}
}
