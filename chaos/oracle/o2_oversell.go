package oracle

import (
	"figlab/internal/history"

	stocks "figlab/shop/warehouse"
)

// oversell is O2. A shop that was short for a moment has oversold, even if a restock has mended it since: every prefix of the ledger
// counts. It needs no rest.
func oversell() Oracle {
	return Oracle{
		ID: "O2", Name: "no oversell",
		Law: "after every move 0 ≤ reserved ≤ on hand, and the clients have never been promised more than there was",
		Check: func(c Case) (f Finding) {
			b := c.read()
			level := make(map[string]*history.Stock, len(c.Facts.Stock))
			for _, s := range c.Facts.Stock {
				level[s.Product] = &history.Stock{Product: s.Product, Initial: s.Initial, OnHand: s.Initial}
				if f.Checked++; s.Initial < 0 {
					f.violate("product %s: %d at first", s.Product, s.Initial)
				}
			}
			for _, m := range c.Facts.StockMoves {
				if s := level[m.Product]; s != nil { // a product without a row is O1's
					f.Checked++
					if !step(s, m) {
						f.violate("product %s: after move %d, %s %d for %s, there would be %d on hand and %d reserved",
							m.Product, m.Sequence, m.Kind, m.Quantity, m.Cause, s.OnHand, s.Reserved)
						delete(level, m.Product) // what follows follows from this
					}
				}
			}
			for _, s := range c.Facts.Stock {
				if s.Reserved < 0 || s.Reserved > s.OnHand { // so on hand is not below zero either
					f.violate("product %s: %d on hand and %d reserved", s.Product, s.OnHand, s.Reserved)
				}
			}
			promised(&f, b, c.Facts)
			return f
		},
	}
}

// step takes a move and says whether the stock is still possible.
func step(s *history.Stock, m history.StockMove) bool {
	switch stocks.Move(m.Kind) {
	case stocks.Restocked:
		s.OnHand += m.Quantity
	case stocks.Reserved:
		s.Reserved += m.Quantity
	case stocks.Released:
		s.Reserved -= m.Quantity
	case stocks.Committed:
		s.Reserved -= m.Quantity
		s.OnHand -= m.Quantity
	default: // O1's
	}
	return 0 <= s.Reserved && s.Reserved <= s.OnHand
}

// promised compares what the clients surely have with what there ever was.
func promised(f *Finding, b *books, facts history.Facts) {
	surely, _ := b.bought()
	_, most := b.brought()
	for _, s := range facts.Stock {
		if was := s.Initial + most[s.Product]; surely[s.Product] > was {
			f.violate("product %s: the clients were promised %d pieces, there never were more than %d", s.Product, surely[s.Product], was)
		}
	}
}
