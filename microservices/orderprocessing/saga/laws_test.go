package saga_test

import (
	"errors"
	"figlab/microservices/orderprocessing/saga"
	"fmt"
	"math/bits"
	"slices"

	rules "figlab/shop/orderprocessing"
)

// The laws, each of which some mutant breaks.
var (
	errTell      = errors.New("a state is told that the rules forbid, or another than the order's")
	errCharge    = errors.New("charged more than once")
	errRefund    = errors.New("over without the money back, or the money back without being over")
	errPromise   = errors.New("confirmed without pieces kept and money captured")
	errCommit    = errors.New("shipped without a commit, or committed without a booking")
	errStock     = errors.New("over with pieces held")
	errParcel    = errors.New("over with a parcel planned or under way")
	errPending   = errors.New("a call is under way that nobody would make again")
	errVersion   = errors.New("the version does not say whether the state changed")
	errUnsettled = errors.New("does not come to an end when faults stop")
)

// laws returns the law that a world breaks.
func laws(w world) error {
	charges, refunds := bits.OnesCount64(uint64(w.money.charges)), bits.OnesCount64(uint64(w.money.refunds))
	over := w.told == rules.Rejected || w.told == rules.Cancelled
	back := slices.Contains([]saga.Phase{saga.Compensating, saga.Cancelling}, w.order.Step)
	promised := slices.Contains([]saga.Phase{saga.Confirmed, saga.Committing, saga.Shipped, saga.Delivered}, w.order.Step)
	sent := w.told == rules.Shipped || w.told == rules.Delivered
	switch {
	case w.order.Order() != w.told:
		return errTell
	case charges > 1:
		return errCharge
	case over && charges != min(refunds, 1), refunds > 0 && !over && !back:
		return errRefund
	case promised && (charges != 1 || w.stock != kept && w.stock != committed):
		return errPromise
	case sent && w.stock != committed, w.stock == committed && w.parcel != booked && w.parcel != arrived:
		return errCommit
	case over && slices.Contains([]stock{reserved, kept, committed}, w.stock):
		return errStock
	case w.told == rules.Cancelled && w.parcel != recalled, w.told == rules.Rejected && w.parcel == planned:
		return errParcel
	}
	return nil
}

// noParcel is one law more, that a rejected order has no parcel under way. It holds where logistics books only what is confirmed.
func noParcel(w world) error {
	if w.told == rules.Rejected && (w.parcel == booked || w.parcel == arrived) {
		return errParcel
	}
	return laws(w)
}

// lawful returns the law that a step breaks.
func lawful(before, after saga.State, told rules.State, effects, pending []saga.Effect) (rules.State, error) {
	same := after
	same.Version = before.Version
	if changed := same != before; changed != (after.Version == before.Version+1) || !changed && after.Version != before.Version {
		return told, errVersion
	}
	for _, e := range effects {
		switch e := e.(type) {
		case saga.Tell:
			if !slices.Contains(rules.Next(told), e.State) || (e.Reason != "") != (e.State == rules.Rejected) {
				return told, fmt.Errorf("%s after %s: %w", e.State, told, errTell)
			}
			told = e.State
		default:
			if !slices.Contains(pending, e) {
				return told, errPending
			}
		}
	}
	return told, nil
}
