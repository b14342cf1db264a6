package mutant

import (
	"figlab/internal/history"

	processing "figlab/shop/orderprocessing"
	stocks "figlab/shop/warehouse"
)

// busy returns the row of a product that was sold.
func (s *shop) busy() *history.Stock {
	return s.row(s.in(processing.Delivered).Lines[0].Product)
}

func offByOneStock(s *shop) { s.busy().OnHand-- }

func reserveLeak(s *shop) { s.leak(s.in(processing.Cancelled)) }

func declineLeak(s *shop) {
	s.leak(s.some(func(o *history.Order) bool { return o.Reason == string(processing.PaymentDeclined) }))
}

// leak takes an order's releases back.
func (s *shop) leak(o *history.Order) {
	s.Facts.StockMoves = drop(s.Facts.StockMoves, func(m history.StockMove) bool {
		return m.Cause == o.ID && m.Kind == string(stocks.Released)
	})
	s.recount()
}

func unaskedRestock(s *shop) { s.move(stocks.Restocked, s.busy().Product, 5, s.id("restock")) }

func tooManyTaken(s *shop) {
	o := s.in(processing.Delivered)
	for i := range s.Facts.StockMoves {
		if m := &s.Facts.StockMoves[i]; m.Cause == o.ID && m.Product == o.Lines[0].Product {
			m.Quantity++
		}
	}
	s.recount()
}

func stockRowLost(s *shop) {
	product := s.busy().Product
	s.Facts.Stock = drop(s.Facts.Stock, func(r history.Stock) bool { return r.Product == product })
}

// oversell makes the shop have had too little from the start.
func oversell(s *shop) {
	r := s.busy()
	r.Initial -= r.OnHand + 1
	s.recount()
}

// oversellMended finds how near to empty a product was, starts it with one piece less than that, and receives the difference at the end.
func oversellMended(s *shop) {
	product := s.busy().Product
	level := history.Stock{OnHand: s.row(product).Initial}
	least := level.OnHand
	for _, m := range s.Facts.StockMoves {
		if m.Product == product {
			apply(&level, stocks.Move(m.Kind), m.Quantity)
			least = min(least, level.OnHand-level.Reserved)
		}
	}
	key, missing := s.id("restock"), least+1
	s.row(product).Initial -= missing
	s.move(stocks.Restocked, product, missing, key)
	s.record(answered, history.Record{Op: "restock", User: "admin@example.com", Key: key, Product: product, Quantity: missing})
	s.recount()
}

// commitBeforeReserve moves the commit to the front, where nothing can be reserved yet.
func commitBeforeReserve(s *shop) {
	o, moves := s.in(processing.Delivered), s.Facts.StockMoves
	for i, m := range moves {
		if m.Cause == o.ID && m.Kind == string(stocks.Committed) {
			copy(moves[1:i+1], moves[:i])
			moves[0] = m
			break
		}
	}
	s.recount()
}
