package saga_test

import (
	"figlab/microservices/orderprocessing/saga"
	"slices"

	rules "figlab/shop/orderprocessing"
)

// A world is an order, everybody who deals with it, and all that was ever sent. The network is the worst there is: what was sent may arrive
// at any time, any number of times, or never, and so may every answer. With that, any number of shells drive the order, and crash anywhere.
type world struct {
	order   saga.State
	told    rules.State
	late    bool // the deadline is past
	stock   stock
	money   money
	parcel  parcel
	sent    set // of calls
	answers set // of answers

	heardBooked, heardArrived bool // news that were taken: they may come again, but need not
}

// A set holds what a checker has numbered.
type set uint64

func (s set) has(i int) bool { return s&(1<<i) != 0 }
func (s set) with(i int) set { return s | 1<<i }

// A stock is what the warehouse knows of the order.
type stock string

const (
	free      stock = ""
	reserved  stock = "reserved"
	kept      stock = "kept"
	committed stock = "committed"
	over      stock = "over" // refused, expired or released
)

// A money is what the provider has done, key by key.
type money struct {
	charges, declines, refunds set // of keys
}

// A parcel is what logistics and the carrier know.
type parcel string

const (
	none     parcel = ""
	planned  parcel = "planned"
	booked   parcel = "booked"
	arrived  parcel = "arrived"
	recalled parcel = "recalled"
)

// callees says what of its duties a callee neglects: none of it in the house we build.
type callees struct {
	forgetsOver    bool // the warehouse reserves for an order that it has let expire or released
	forgetsRefusal bool // the warehouse reserves for an order that it has refused
	forgetsRecall  bool // logistics books what it has recalled
	recallsBooked  bool // logistics recalls what the carrier has booked
	booksOnlyAfter bool // a strict one: logistics books nothing before the order is confirmed
}

// act has a callee carry a call out, and returns every way it may go.
func (c callees) act(w world, key int, op saga.Op) (ways []way) {
	switch op {
	case saga.Reserve, saga.Keep, saga.Release, saga.Commit:
		return c.warehouse(w, op)
	case saga.Authorise, saga.Refund:
		return provider(w, key, op)
	default:
		return c.logistics(w, op)
	}
}

// A way is a world after a call, and its answer.
type way struct {
	world
	outcome saga.Outcome
}

func (c callees) warehouse(w world, op saga.Op) []way {
	holds := slices.Contains([]stock{reserved, kept, committed}, w.stock)
	as := func(s stock, o saga.Outcome) way { after := w; after.stock = s; return way{after, o} }
	switch {
	case op == saga.Reserve && holds:
		return []way{as(w.stock, saga.Done)}
	case op == saga.Reserve && w.stock == over && !c.forgetsOver:
		return []way{as(over, saga.Refused)}
	case op == saga.Reserve && c.forgetsRefusal:
		return []way{as(reserved, saga.Done), as(w.stock, saga.Refused)}
	case op == saga.Reserve:
		return []way{as(reserved, saga.Done), as(over, saga.Refused)}
	case op == saga.Keep && w.stock == reserved:
		return []way{as(kept, saga.Done)}
	case op == saga.Keep && holds:
		return []way{as(w.stock, saga.Done)}
	case op == saga.Commit && (w.stock == kept || w.stock == committed):
		return []way{as(committed, saga.Done)}
	case op == saga.Release && w.stock != committed:
		return []way{as(over, saga.Done)}
	}
	return []way{as(w.stock, saga.Refused)}
}

func provider(w world, key int, op saga.Op) []way {
	captured, declined, refunded := w, w, w
	captured.money.charges = w.money.charges.with(key)
	declined.money.declines = w.money.declines.with(key)
	refunded.money.refunds = w.money.refunds.with(key)
	switch {
	case op == saga.Refund:
		return []way{{refunded, saga.Done}}
	case w.money.charges.has(key):
		return []way{{w, saga.Done}}
	case w.money.declines.has(key):
		return []way{{w, saga.Refused}}
	}
	return []way{{captured, saga.Done}, {declined, saga.Refused}}
}

func (c callees) logistics(w world, op saga.Op) []way {
	after := w
	switch {
	case op == saga.Plan && (w.parcel == none || w.parcel == recalled && c.forgetsRecall):
		after.parcel = planned
	case op == saga.Recall && (w.parcel == none || w.parcel == planned || c.recallsBooked):
		after.parcel = recalled
	case op == saga.Recall && w.parcel != recalled:
		return []way{{w, saga.Refused}}
	}
	return []way{{after, saga.Done}}
}

// drift returns what may happen by itself: time passes, a reservation expires, the carrier works.
func (c callees) drift(w world) (after []world) {
	change := func(f func(*world)) { n := w; f(&n); after = append(after, n) }
	if !w.late {
		change(func(n *world) { n.late = true })
	}
	if w.stock == reserved {
		change(func(n *world) { n.stock = over })
	}
	if w.parcel == planned && (!c.booksOnlyAfter || w.told == rules.Confirmed) {
		change(func(n *world) { n.parcel = booked })
	}
	if w.parcel == booked {
		change(func(n *world) { n.parcel = arrived })
	}
	return after
}
