package oracle

import (
	"figlab/internal/history"
	"iter"
	"maps"
	"slices"

	processing "figlab/shop/orderprocessing"
	stocks "figlab/shop/warehouse"
)

// books are a case, indexed: every oracle asks for an order, a key or a product, and none may search.
type books struct {
	recorded bool

	orders    map[string]*history.Order   // by id; of several the first
	keys      map[string][]*history.Order // by idempotency key
	owner     map[string]string           // user id → e-mail, as far as answers tell
	payments  map[string][]history.Payment
	shipments map[string][]history.Shipment

	lines    map[place]int64 // what the orders in the store are about
	moves    map[place]tally
	touched  []place          // the keys of moves, in the order of the ledger
	totals   map[string]tally // of moves, by product
	restocks map[place]tally  // by product and idempotency key

	checkouts []checkout
	received  []received
	sights    map[string]*sight
	unnamed   map[string]bool // users who may have cancelled an order we do not know
}

// A place is where the moves of one cause meet one product.
type place struct{ cause, product string }

// A sum counts moves and their pieces.
type sum struct{ moves, pieces int64 }

func (s *sum) add(pieces int64) { s.moves, s.pieces = s.moves+1, s.pieces+pieces }

// A tally is what the moves of a product come to.
type tally struct{ restocked, reserved, released, committed sum }

// add counts a move and says whether its kind is known.
func (t *tally) add(m history.StockMove) bool {
	switch stocks.Move(m.Kind) {
	case stocks.Restocked:
		t.restocked.add(m.Quantity)
	case stocks.Reserved:
		t.reserved.add(m.Quantity)
	case stocks.Released:
		t.released.add(m.Quantity)
	case stocks.Committed:
		t.committed.add(m.Quantity)
	default:
		return false
	}
	return true
}

// taken is how much orders hold or have taken out.
func (t tally) taken() int64 { return t.reserved.pieces - t.released.pieces }

// open is how much is reserved and still in the house.
func (t tally) open() int64 { return t.reserved.pieces - t.released.pieces - t.committed.pieces }

// gone is how much has left the house.
func (t tally) gone() int64 { return t.committed.pieces }

func index(c Case) *books {
	f := c.Facts
	b := &books{
		recorded: len(c.History) > 0,
		orders:   make(map[string]*history.Order, len(f.Orders)), keys: make(map[string][]*history.Order, len(f.Orders)),
		owner: map[string]string{}, payments: make(map[string][]history.Payment, len(f.Payments)),
		shipments: make(map[string][]history.Shipment, len(f.Shipments)),
		lines:     make(map[place]int64, len(f.Orders)), moves: make(map[place]tally, len(f.StockMoves)),
		totals: map[string]tally{}, restocks: map[place]tally{},
		sights: map[string]*sight{}, unnamed: map[string]bool{},
	}
	for i := range f.Orders {
		o := &f.Orders[i]
		b.keys[o.Key] = append(b.keys[o.Key], o)
		if b.orders[o.ID] != nil {
			continue
		}
		b.orders[o.ID] = o
		for _, l := range o.Lines {
			b.lines[place{o.ID, l.Product}] += l.Quantity
		}
	}
	for _, p := range f.Payments {
		b.payments[p.Order] = append(b.payments[p.Order], p)
	}
	for _, s := range f.Shipments {
		b.shipments[s.Order] = append(b.shipments[s.Order], s)
	}
	b.indexMoves(f.StockMoves)
	b.indexHistory(c.History)
	return b
}

func (b *books) indexMoves(moves []history.StockMove) {
	for _, m := range moves {
		total := b.totals[m.Product]
		total.add(m)
		b.totals[m.Product] = total
		at, where := place{m.Cause, m.Product}, b.moves
		if stocks.Move(m.Kind) == stocks.Restocked {
			where = b.restocks
		}
		t, seen := where[at]
		if !seen && stocks.Move(m.Kind) != stocks.Restocked {
			b.touched = append(b.touched, at)
		}
		t.add(m)
		where[at] = t
	}
}

// find returns the orders in the store that a checkout has made. The store knows users by id and the client knows them by e-mail: an
// order is another's only if an answer has told so.
func (b *books) find(user, key string) (found []*history.Order) {
	for _, o := range b.keys[key] {
		if owner := b.owner[o.User]; owner == "" || user == "" || owner == user {
			found = append(found, o)
		}
	}
	return found
}

// stands says whether an order has taken goods and money, or will have.
func stands(state string) bool {
	switch processing.State(state) {
	case processing.Confirmed, processing.Shipped, processing.Delivered:
		return true
	default:
		return false
	}
}

// left says whether an order's goods have left the house.
func left(state string) bool {
	return processing.State(state) == processing.Shipped || processing.State(state) == processing.Delivered
}

// sorted returns some names in order, each once: maps have none, and a finding must be the same every time.
func sorted(all ...iter.Seq[string]) []string {
	set := map[string]struct{}{}
	for _, names := range all {
		for name := range names {
			set[name] = struct{}{}
		}
	}
	return slices.Sorted(maps.Keys(set))
}
