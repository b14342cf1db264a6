package oracle

import (
	"figlab/internal/history"
	"maps"
)

// stock is O1. It looks from three sides, because a ledger can agree with itself and still be wrong: the moves lead to the rows, the moves
// are what the orders in the store stand for, and both are what the clients were told.
func stock() Oracle {
	return Oracle{
		ID: "O1", Name: "stock conservation",
		Law: "for every product initial + restocked = on hand + committed, and what was taken is what the clients' orders have taken",
		Check: func(c Case) (f Finding) {
			b := c.read()
			rows := stockRows(&f, b, c.Facts)
			if !f.needRest(c.Facts.Work) {
				return f
			}
			stockOfOrders(&f, b, rows)
			if f.needHistory(b) {
				stockOfClients(&f, b)
				restocksOfClients(&f, b)
			}
			return f
		},
	}
}

// stockRows compares the moves with the rows.
func stockRows(f *Finding, b *books, facts history.Facts) map[string]history.Stock {
	rows := make(map[string]history.Stock, len(facts.Stock))
	for _, s := range facts.Stock {
		f.Checked++
		if _, twice := rows[s.Product]; twice {
			f.violate("product %s has two rows of stock", s.Product)
		}
		rows[s.Product] = s
		t := b.totals[s.Product]
		if want := s.Initial + t.restocked.pieces - t.gone(); s.OnHand != want {
			f.violate("product %s: %d at first + %d restocked - %d committed are %d, but %d are on hand",
				s.Product, s.Initial, t.restocked.pieces, t.gone(), want, s.OnHand)
		}
		if s.Reserved != t.open() {
			f.violate("product %s: the moves leave %d reserved, the row says %d", s.Product, t.open(), s.Reserved)
		}
	}
	missing := map[string]bool{}
	for _, m := range facts.StockMoves {
		if _, ok := rows[m.Product]; !ok && !missing[m.Product] {
			missing[m.Product] = true
			f.violate("product %s has moves and no stock", m.Product)
		}
		if !new(tally).add(m) || m.Quantity <= 0 {
			f.violate("move %d of product %s: nobody knows what %q of %d means", m.Sequence, m.Product, m.Kind, m.Quantity)
		}
	}
	return rows
}

// stockOfOrders compares the moves with the orders in the store.
func stockOfOrders(f *Finding, b *books, rows map[string]history.Stock) {
	open, gone := map[string]int64{}, map[string]int64{}
	for at, q := range b.lines {
		switch o := b.orders[at.cause]; {
		case left(o.State):
			gone[at.product] += q
		case stands(o.State):
			open[at.product] += q
		}
	}
	for _, p := range sorted(maps.Keys(b.totals), maps.Keys(open), maps.Keys(gone)) {
		f.Checked++
		t := b.totals[p]
		if t.gone() != gone[p] {
			f.violate("product %s: %d pieces have left the house, the orders that were shipped are about %d", p, t.gone(), gone[p])
		}
		if row, ok := rows[p]; ok && row.Reserved != open[p] {
			f.violate("product %s: %d pieces are reserved, the orders that wait are about %d", p, row.Reserved, open[p])
		}
	}
}

// stockOfClients compares the moves with what clients were told: what they surely have ≤ what was taken ≤ what they may have.
func stockOfClients(f *Finding, b *books) {
	surely, perhaps := b.bought()
	for _, p := range sorted(maps.Keys(b.totals), maps.Keys(perhaps)) {
		f.Checked++
		if took := b.totals[p].taken(); took < surely[p] || took > perhaps[p] {
			f.violate("product %s: %d pieces were taken for orders, the clients know of at least %d and at most %d",
				p, took, surely[p], perhaps[p])
		}
	}
}

// bought adds up the checkouts by product: at least, and at most.
func (b *books) bought() (surely, perhaps map[string]int64) {
	surely, perhaps = map[string]int64{}, map[string]int64{}
	for _, c := range b.checkouts {
		lines, certain, possible := b.wants(c)
		for _, l := range lines {
			if certain {
				surely[l.Product] += l.Quantity
			}
			if possible {
				perhaps[l.Product] += l.Quantity
			}
		}
	}
	return surely, perhaps
}

// restocksOfClients compares the restocks with what clients have sent.
func restocksOfClients(f *Finding, b *books) {
	least, most := b.brought()
	for _, p := range sorted(maps.Keys(b.totals), maps.Keys(most)) {
		f.Checked++
		if got := b.totals[p].restocked.pieces; got < least[p] || got > most[p] {
			f.violate("product %s: %d pieces were restocked, the clients know of at least %d and at most %d", p, got, least[p], most[p])
		}
	}
}

// brought adds up the restocks by product. One of unknown outcome is looked up by its key.
func (b *books) brought() (least, most map[string]int64) {
	least, most = map[string]int64{}, map[string]int64{}
	for _, r := range b.received {
		_, found := b.restocks[r.place]
		switch {
		case r.outcome == history.OK, r.outcome == history.Unknown && r.cause != "" && found:
			least[r.product] += r.quantity
			most[r.product] += r.quantity
		case r.outcome == history.Unknown && r.cause == "":
			most[r.product] += r.quantity
		}
	}
	return least, most
}
