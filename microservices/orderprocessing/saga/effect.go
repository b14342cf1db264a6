package saga

import (
	"time"

	rules "figlab/shop/orderprocessing"
)

// An Op is what is asked of somebody else.
type Op string

// The operations.
const (
	Reserve   Op = "reserve"   // warehouse: take the pieces out of what is free, for a while
	Authorise Op = "authorise" // payment: capture the money
	Plan      Op = "plan"      // logistics: prepare a shipment
	Keep      Op = "keep"      // warehouse: the reservation no longer expires
	Release   Op = "release"   // warehouse: give back what is reserved, and never reserve for this order again
	Recall    Op = "recall"    // logistics: the shipment does not go
	Refund    Op = "refund"    // payment: all that is left goes back
	Commit    Op = "commit"    // warehouse: the pieces leave the house
)

// An Effect is what a shell has to carry out: Tell in the transaction that saves the state, Call and Wake after it.
type Effect interface{ effect() }

// A Call asks for an operation; its outcome comes back as an Answer. The callee acts once per order and key.
type Call struct {
	Op  Op
	Key string // the same at every attempt
}

// Tell writes the order's next event and publishes the order.
type Tell struct {
	State  rules.State
	Reason rules.Reason // of a rejection
}

// Wake has the order looked at again: Woken comes at that time, from whichever shell is alive then.
type Wake struct{ At time.Time }

func (Call) effect() {}
func (Tell) effect() {}
func (Wake) effect() {}

// Pending returns what a shell that picks an order up must do now: what the last step asked for, without what it told, which was saved with
// the state.
func Pending(s State) []Effect {
	switch {
	case !Open(s):
		return nil
	case s.Pausing:
		return []Effect{Wake{s.Due}}
	default:
		return []Effect{Call{s.Op, key(s)}, Wake{s.Due}}
	}
}

// key never depends on the attempt: a second attempt must be the same deed. Those of refunds are shorter than any that a caller may choose.
func key(s State) string {
	if s.Op == Refund && s.Step == Cancelling {
		return "cancel"
	}
	if s.Op == Refund {
		return "reject"
	}
	return string(s.Op)
}
