package mutant

import (
	"figlab/internal/history"
	"slices"

	notices "figlab/shop/notification"
	processing "figlab/shop/orderprocessing"
	payments "figlab/shop/payment"
	stocks "figlab/shop/warehouse"
)

// bring places an order that no client has recorded, and brings it home.
func (s *shop) bring(user, key string) { s.deliver(s.place(user, key, s.lines(basket{}), true)) }

func doubleOrderOneKey(s *shop) {
	o := s.in(processing.Delivered)
	s.bring(o.User, o.Key)
}

// priceChanged charges more for an order and says so in every store; only the client knows better.
func priceChanged(s *shop) {
	o := s.order(s.acked("placeOrder", processing.Delivered).Order)
	s.overcharge(o)
	o.Total++
}

func lineChanged(s *shop) {
	o := s.order(s.acked("placeOrder", processing.Delivered).Order)
	o.Lines = slices.Clone(o.Lines)
	o.Lines[0].Quantity++
	for i := range s.Facts.StockMoves {
		if m := &s.Facts.StockMoves[i]; m.Cause == o.ID && m.Product == o.Lines[0].Product {
			m.Quantity++
		}
	}
	s.recount()
}

func halfAppliedUnknown(s *shop) {
	key := s.only(history.Unknown, true).Key
	s.Facts.Orders = drop(s.Facts.Orders, func(o history.Order) bool { return o.Key == key })
}

func shippedUnpaid(s *shop) {
	o := s.keyed(s.only(history.Unknown, true).Key)
	s.keep(o)
	s.unpay(o)
}

// unpay takes an order's payment out of all books.
func (s *shop) unpay(o *history.Order) {
	id := s.payment(o.ID).ID
	s.Facts.Payments = drop(s.Facts.Payments, func(p history.Payment) bool { return p.ID == id })
	s.Facts.Ledger = drop(s.Facts.Ledger, func(e history.LedgerEntry) bool { return e.Transaction == "capture:"+id })
	s.Facts.Provider.Entries = drop(s.Facts.Provider.Entries, func(e history.ProviderEntry) bool { return e.Key == id })
}

func shipmentTwice(s *shop) {
	second := *s.shipment(s.in(processing.Delivered).ID)
	second.ID = s.id("shipment")
	s.Facts.Shipments = append(s.Facts.Shipments, second)
	s.Facts.Carrier.Parcels = append(s.Facts.Carrier.Parcels, history.Parcel{Key: second.ID, State: "delivered", Requests: 1})
}

func commitTwice(s *shop) {
	o := s.in(processing.Delivered)
	s.moveAll(stocks.Reserved, o)
	s.moveAll(stocks.Committed, o)
}

func parcelOfCancelled(s *shop) {
	key := s.shipment(s.in(processing.Cancelled).ID).ID
	s.Facts.Carrier.Parcels = append(s.Facts.Carrier.Parcels, history.Parcel{Key: key, State: "delivered", Requests: 1})
}

func toldTwice(s *shop) {
	o := s.in(processing.Delivered)
	s.tell(o.User, notices.OrderShipped, o.ID)
}

func failedWriteApplied(s *shop) {
	r := s.only(history.Fail, false)
	s.bring(userID(r.User), r.Key)
}

// lostOrder forgets an order in every store, and at the partners.
func lostOrder(s *shop) {
	o := *s.order(s.acked("placeOrder", processing.Delivered).Order)
	shipment := s.shipment(o.ID).ID
	s.keep(&o)
	s.unpay(&o)
	s.Facts.Orders = drop(s.Facts.Orders, func(other history.Order) bool { return other.ID == o.ID })
	s.Facts.Shipments = drop(s.Facts.Shipments, func(x history.Shipment) bool { return x.ID == shipment })
	s.Facts.Carrier.Parcels = drop(s.Facts.Carrier.Parcels, func(p history.Parcel) bool { return p.Key == shipment })
	s.Facts.StockMoves = drop(s.Facts.StockMoves, func(m history.StockMove) bool { return m.Cause == o.ID })
	s.recount()
}

func phantomOrder(s *shop) {
	id, _ := s.shopper()
	s.bring(id, s.id("checkout"))
}

// staleOrder puts an old image over an order, as a late copy of a row would.
func staleOrder(s *shop) {
	var seen []string
	for _, r := range s.History {
		if r.State == string(processing.Delivered) {
			seen = append(seen, r.Order)
		}
	}
	s.order(seen[s.rng.IntN(len(seen))]).State = string(processing.Confirmed)
}

// lostCancel sends a cancelled order after all, and keeps the money, in every store.
func lostCancel(s *shop) {
	o := s.order(s.acked("cancelOrder", processing.Cancelled).Order)
	s.leak(o)
	s.keep(o)
	o.State = string(processing.Confirmed)
	s.deliver(o)
	s.payment(o.ID).State = string(payments.Captured)
}

func lostRestock(s *shop) {
	key := s.acked("restock", "").Key
	s.Facts.StockMoves = drop(s.Facts.StockMoves, func(m history.StockMove) bool { return m.Cause == key })
	s.recount()
}

func lostUser(s *shop) {
	mail := s.acked("createUser", "").User
	s.Facts.Users = drop(s.Facts.Users, func(u string) bool { return u == mail })
}

func orderCopied(s *shop) { s.Facts.Orders = append(s.Facts.Orders, *s.in(processing.Delivered)) }
