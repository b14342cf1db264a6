package oracle

import (
	"cmp"
	"figlab/internal/history"
	"slices"
	"strings"

	shipping "figlab/shop/logistics"
	processing "figlab/shop/orderprocessing"
)

// once is O4: a checkout has all its effects once, or none.
func once() Oracle {
	return Oracle{
		ID: "O4", Name: "exactly-once order effects",
		Law: "a checkout has its order, charge, shipment and stock commit all once, as answered, or none of them, as after a refusal",
		Check: func(c Case) (f Finding) {
			b := c.read()
			atMostOnce(&f, b, c.Facts)
			answered(&f, b)
			if !f.needRest(c.Facts.Work) {
				return f
			}
			if c.Facts.Carrier.Parcels == nil {
				f.doubt("the ledger of the carrier was not read")
			}
			whole(&f, b, c.Facts)
			orphans(&f, b, c.Facts)
			if f.needHistory(b) {
				refused(&f, b)
			}
			return f
		},
	}
}

// atMostOnce counts effects; it holds at every moment.
func atMostOnce(f *Finding, b *books, facts history.Facts) {
	keys := make(map[[2]string]string, len(facts.Orders))
	for _, o := range facts.Orders {
		f.Checked++
		name := [2]string{o.User, o.Key}
		if first, twice := keys[name]; twice {
			f.violate("key %s has placed two orders, %s and %s", o.Key, first, o.ID)
		}
		keys[name] = o.ID
		captures := 0
		for _, p := range b.payments[o.ID] {
			if taken(p) > 0 {
				captures++
			}
		}
		if captures > 1 {
			f.violate("order %s was paid %d times", o.ID, captures)
		}
		if n := len(b.shipments[o.ID]); n > 1 {
			f.violate("order %s has %d shipments", o.ID, n)
		}
	}
	for _, at := range b.touched {
		t := b.moves[at]
		for _, kind := range []struct {
			name string
			sum
		}{{"reserve", t.reserved}, {"release", t.released}, {"commit", t.committed}} {
			if kind.moves > 1 {
				f.violate("order %s: product %s has %d moves %s", at.cause, at.product, kind.moves, kind.name)
			}
		}
	}
	messagesOnce(f, facts)
}

// messagesOnce counts what went out to shoppers and to the carrier.
func messagesOnce(f *Finding, facts history.Facts) {
	told := make(map[[3]string]bool, len(facts.Notifications))
	for _, n := range facts.Notifications {
		name := [3]string{n.User, n.Kind, n.Cause}
		if told[name] {
			f.violate("user %s was told %s about %s twice", n.User, n.Kind, n.Cause)
		}
		told[name] = true
	}
	parcels := make(map[string]bool, len(facts.Carrier.Parcels))
	for _, p := range facts.Carrier.Parcels {
		if parcels[p.Key] {
			f.violate("the carrier has two parcels for shipment %s", p.Key)
		}
		parcels[p.Key] = true
	}
}

// answered compares every answer to a checkout with the order in the store.
func answered(f *Finding, b *books) {
	for _, c := range b.checkouts {
		f.Checked++
		for i, r := range c.answers {
			if first := c.answers[0].Order; i > 0 && r.Order != first {
				f.violate("key %s was answered order %s, and order %s another time", c.key, first, r.Order)
			}
			o := b.orders[r.Order]
			if o == nil {
				continue // O5's
			}
			if o.Key != c.key {
				f.violate("order %s was answered to key %s, the store has it under key %s", o.ID, c.key, o.Key)
			}
			if r.Total != 0 && r.Total != o.Total {
				f.violate("order %s was answered over %d, the store says %d", o.ID, r.Total, o.Total)
			}
			if len(r.Lines) > 0 && !sameLines(r.Lines, o.Lines) {
				f.violate("order %s was answered with lines %v, the store says %v", o.ID, r.Lines, o.Lines)
			}
		}
	}
}

// sameLines compares without regard to the order.
func sameLines(a, b []history.Line) bool {
	if slices.Equal(a, b) {
		return true
	}
	compare := func(x, y history.Line) int {
		return cmp.Or(strings.Compare(x.Product, y.Product), cmp.Compare(x.Quantity, y.Quantity), cmp.Compare(x.UnitPrice, y.UnitPrice))
	}
	return slices.Equal(slices.SortedFunc(slices.Values(a), compare), slices.SortedFunc(slices.Values(b), compare))
}

// refused looks for checkouts that certainly failed and yet have an order that stands.
func refused(f *Finding, b *books) {
	for _, c := range b.checkouts {
		if c.outcome != history.Fail {
			continue
		}
		for _, o := range b.find(c.user, c.key) {
			if stands(o.State) {
				f.violate("key %s was refused, yet order %s is %s", c.key, o.ID, o.State)
			}
		}
	}
}

// whole compares every order in the store with the effects its state stands for, whatever its clients know: all, or none in the end.
func whole(f *Finding, b *books, facts history.Facts) {
	for i := range facts.Orders {
		o := &facts.Orders[i]
		captured := int64(0)
		for _, p := range b.payments[o.ID] {
			captured += taken(p)
		}
		sent := sentAs(b.shipments[o.ID])
		switch {
		case processing.State(o.State) == processing.Pending:
			f.violate("order %s is pending, though nothing is left to do", o.ID)
		case stands(o.State):
			if captured == 0 {
				f.violate("order %s is %s and was never paid", o.ID, o.State)
			}
			if !follows(processing.State(o.State), sent) {
				f.violate("order %s is %s, its shipment is %s", o.ID, o.State, spoken(sent))
			}
		case sent != "" && sent != shipping.Cancelled:
			f.violate("order %s is %s, yet its shipment is %s", o.ID, o.State, sent)
		}
		for _, l := range o.Lines {
			at := place{o.ID, l.Product}
			movedFor(f, o, at, b.lines[at], b.moves[at])
		}
	}
	parcelsOf(f, facts)
}

// movedFor compares the moves of one product for one order with what the order's state stands for.
func movedFor(f *Finding, o *history.Order, at place, want int64, t tally) {
	open, gone := int64(0), int64(0)
	switch {
	case left(o.State):
		gone = want
	case stands(o.State):
		open = want
	}
	if t.open() != open || t.gone() != gone {
		f.violate("order %s is %s with %d of product %s: %d are reserved for it and %d have left the house",
			o.ID, o.State, want, at.product, t.open(), t.gone())
	}
}

// sentAs is the state of an order's shipment, of several one that was not called back; empty without one.
func sentAs(all []history.Shipment) (s shipping.State) {
	for _, shipment := range all {
		if s == "" || s == shipping.Cancelled {
			s = shipping.State(shipment.State)
		}
	}
	return s
}

func spoken(s shipping.State) string {
	if s == "" {
		return "missing"
	}
	return string(s)
}

// follows says whether the shipment is as far as its order: an order may not run ahead of its parcel.
func follows(order processing.State, sent shipping.State) bool {
	switch order {
	case processing.Delivered:
		return sent == shipping.Delivered
	case processing.Shipped:
		return sent == shipping.Booked || sent == shipping.Delivered
	default:
		return sent == shipping.Pending || sent == shipping.Booked || sent == shipping.Delivered
	}
}
