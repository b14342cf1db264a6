package saga

import (
	"figlab/shop"

	rules "figlab/shop/orderprocessing"
)

// answer takes what came of a call. An answer to anything but what is being asked for is stale: another shell brought it first.
func (t *turn) answer(a Answer) {
	if a.Op != t.Op || !Open(t.State) {
		return
	}
	switch {
	case a.Outcome == Unknown && t.Pausing: // two shells that heard nothing made one attempt
	case a.Outcome == Unknown:
		t.unknown()
	case a.Outcome == Refused:
		t.refused(a)
	default:
		t.note(a)
		t.done()
	}
}

// note keeps the id that came with an answer. A declined payment has one too.
func (t *turn) note(a Answer) {
	switch a.Op {
	case Authorise:
		t.Payment = shop.PaymentID(a.ID)
	case Plan:
		t.Shipment = shop.ShipmentID(a.ID)
	default:
	}
}

func (t *turn) done() {
	if next := following(t.Step, t.Op); next != "" {
		t.do(next)
		return
	}
	t.enter(onward(t.Step))
}

func (t *turn) refused(a Answer) {
	switch a.Op {
	case Reserve:
		t.reject(Rejected, rules.OutOfStock)
	case Authorise:
		t.note(a)
		t.reject(Releasing, rules.PaymentDeclined)
	case Keep:
		t.reject(Compensating, rules.OutOfStock)
	case Recall:
		t.recallRefused()
	default: // it cannot be refused: a defect, to be seen in what stays open, and asked for again in case it is mended
		t.unknown()
	}
}

// recallRefused goes back to where a cancellation began. An order that is over goes on: its money must go back in any case, and its pieces
// do not leave without a commit.
func (t *turn) recallRefused() {
	t.TooLate = true
	if t.Step == Cancelling {
		t.enter(Confirmed)
		return
	}
	t.done()
}
