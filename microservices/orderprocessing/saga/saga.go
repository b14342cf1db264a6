package saga

import (
	"time"

	rules "figlab/shop/orderprocessing"
)

// Placed is what the machine needs to know of a new order.
type Placed struct {
	ForSale  bool // every product of it still is
	At       time.Time
	Deadline time.Time
}

// Start takes a new order in. Its first event, pending, is the shell's to write: nothing leads to it.
func Start(p Placed) (State, []Effect) {
	t := turn{State: State{PlacedAt: p.At, Deadline: p.Deadline, Version: 1}, at: p.At}
	if p.ForSale {
		t.enter(Reserving)
	} else {
		t.reject(Rejected, rules.NotForSale)
	}
	return t.State, t.effects
}

// Step returns what follows an event. What is stale, repeated or out of place changes nothing: the version stays, and nothing is to be
// saved.
func Step(s State, e Event) (State, []Effect) {
	t := turn{State: s, at: e.at()}
	switch e := e.(type) {
	case Answer:
		t.answer(e)
	case Woken:
		t.look()
	case ParcelBooked:
		t.parcel(false)
	case ParcelDelivered:
		t.parcel(true)
	case CancelWanted:
		t.cancel()
	}
	if t.State != s {
		t.Version++
	}
	return t.State, t.effects
}

// A turn is one step being made.
type turn struct {
	State
	at      time.Time
	effects []Effect
}

// enter makes an order stand in a phase: it tells what the shopper sees change and asks for the phase's first operation. What was heard
// before it could be used is used now.
func (t *turn) enter(p Phase) {
	seen := t.Order()
	t.Step = p
	if now := t.Order(); now != seen {
		t.effects = append(t.effects, Tell{now, t.Reason})
	}
	t.do(following(p, ""))
	switch {
	case p == Confirmed && t.Booked:
		t.enter(Committing)
	case p == Shipped && t.Delivered:
		t.enter(Delivered)
	}
}

// do turns to an operation, or to none.
func (t *turn) do(op Op) {
	t.Op, t.Attempts, t.Pausing, t.Due = op, 0, false, time.Time{}
	if op != "" {
		t.ask()
	}
}

// reject decides that an order is over, and goes where that is carried out.
func (t *turn) reject(p Phase, why rules.Reason) {
	t.Reason = why
	t.enter(p)
}
