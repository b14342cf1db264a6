package oracle

import (
	"figlab/internal/history"

	processing "figlab/shop/orderprocessing"
	users "figlab/shop/user"
)

// acked is O5: what a client was told is there, and what is there a client has asked for. It needs no rest: an answer is given after
// the write.
func acked() Oracle {
	return Oracle{
		ID: "O5", Name: "no lost acknowledged write",
		Law: "every order, cancellation, restock and registration that was acknowledged or seen is in the store, and no order is unasked",
		Check: func(c Case) (f Finding) {
			b := c.read()
			if !f.needHistory(b) {
				return f
			}
			lostOrders(&f, b, c.History)
			lostCheckouts(&f, b)
			unexpectedOrders(&f, b, c.Facts.Orders)
			lostRestocks(&f, b)
			lostUsers(&f, c)
			return f
		},
	}
}

// lostOrders looks for orders that were answered or read and are not there, or not as far as they were seen.
func lostOrders(f *Finding, b *books, records []history.Record) {
	done := make(map[string]bool, len(b.sights))
	for i := range records {
		id := records[i].Order
		if records[i].Outcome != history.OK || id == "" || done[id] {
			continue
		}
		done[id] = true
		f.Checked++
		o := b.orders[id]
		if o == nil {
			f.violate("order %s was answered to %s of key %q and is not in the store", id, records[i].Op, records[i].Key)
			continue
		}
		s := b.sights[id]
		for _, seen := range s.seen {
			if !reaches(seen, processing.State(o.State)) {
				f.violate("order %s was seen %s, the store says %s", id, seen, o.State)
			}
		}
		if s.cancel == history.OK && o.State != string(processing.Cancelled) {
			f.violate("the cancellation of order %s was acknowledged, the store says %s", id, o.State)
		}
	}
}

// reaches says whether an order can come from one state to another.
func reaches(from, to processing.State) bool {
	if from == to {
		return true
	}
	for _, next := range processing.Next(from) {
		if reaches(next, to) {
			return true
		}
	}
	return false
}

// lostCheckouts looks for keys that were acknowledged without a word about the order.
func lostCheckouts(f *Finding, b *books) {
	for _, c := range b.checkouts {
		if c.outcome != history.OK || len(c.answers) > 0 {
			continue
		}
		if f.Checked++; len(b.find(c.user, c.key)) == 0 {
			f.violate("the order of key %s was acknowledged and is not in the store", c.key)
		}
	}
}

// unexpectedOrders looks for orders nobody has asked for, and for orders that are there twice.
func unexpectedOrders(f *Finding, b *books, orders []history.Order) {
	asked, ids := make(map[string]bool, len(b.checkouts)), make(map[string]bool, len(orders))
	for _, c := range b.checkouts {
		asked[c.key] = true
	}
	for _, o := range orders {
		f.Checked++
		if !asked[o.Key] {
			f.violate("order %s of key %q is in the store, and no client has asked for it", o.ID, o.Key)
		}
		if ids[o.ID] {
			f.violate("order %s is in the store twice", o.ID)
		}
		ids[o.ID] = true
	}
}

func lostRestocks(f *Finding, b *books) {
	for _, r := range b.received {
		if r.outcome != history.OK || r.cause == "" {
			continue
		}
		f.Checked++
		if got := b.restocks[r.place].restocked; got != (sum{1, r.quantity}) {
			f.violate("restock %s of %d of product %s was acknowledged, the store has %d moves of %d pieces for it",
				r.cause, r.quantity, r.product, got.moves, got.pieces)
		}
	}
}

func lostUsers(f *Finding, c Case) {
	there := make(map[string]int, len(c.Facts.Users))
	for _, email := range c.Facts.Users {
		if there[email]++; there[email] == 2 {
			f.violate("user %s is in the store twice", email)
		}
	}
	for i := range c.History {
		r := &c.History[i]
		if r.Op != createUser || r.Outcome != history.OK {
			continue
		}
		email, err := users.NormaliseEmail(r.User)
		if err != nil {
			continue // a record that does not name its user tells nothing
		}
		if f.Checked++; there[email] == 0 {
			f.violate("the registration of %s was acknowledged, the user is not in the store", email)
		}
	}
}
