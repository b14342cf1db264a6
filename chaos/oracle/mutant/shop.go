package mutant

import (
	"figlab/chaos/oracle"
	"figlab/internal/history"
	"fmt"
	"math/rand/v2"
	"slices"

	shipping "figlab/shop/logistics"
	notices "figlab/shop/notification"
	processing "figlab/shop/orderprocessing"
	payments "figlab/shop/payment"
	stocks "figlab/shop/warehouse"
)

const currency = "EUR"

// A shop is the correct one. Its facts are what a real shop's stores would hold, its history what its clients would have recorded.
type shop struct {
	oracle.Case
	rng   *rand.Rand
	ids   int
	clock int64 // nanoseconds
}

// products of the shop: the last is scarce.
const products = 8

func open(seed uint64) *shop {
	s := &shop{rng: rand.New(rand.NewPCG(seed, 0x6f7261636c65))}
	for i := range products {
		initial := int64(500 + s.rng.IntN(500))
		if i == products-1 {
			initial = 6
		}
		s.Facts.Stock = append(s.Facts.Stock, history.Stock{Product: fmt.Sprintf("product-%d", i), Initial: initial, OnHand: initial})
	}
	return s
}

// id returns a name that nothing else has.
func (s *shop) id(kind string) string {
	s.ids++
	return fmt.Sprintf("%s-%04d", kind, s.ids)
}

func (s *shop) row(product string) *history.Stock {
	for i := range s.Facts.Stock {
		if s.Facts.Stock[i].Product == product {
			return &s.Facts.Stock[i]
		}
	}
	return &history.Stock{}
}

func (s *shop) order(id string) *history.Order {
	for i := range s.Facts.Orders {
		if s.Facts.Orders[i].ID == id {
			return &s.Facts.Orders[i]
		}
	}
	return nil
}

func (s *shop) payment(order string) *history.Payment {
	for i := range s.Facts.Payments {
		if s.Facts.Payments[i].Order == order {
			return &s.Facts.Payments[i]
		}
	}
	return nil
}

func (s *shop) shipment(order string) *history.Shipment {
	for i := range s.Facts.Shipments {
		if s.Facts.Shipments[i].Order == order {
			return &s.Facts.Shipments[i]
		}
	}
	return nil
}

// charge is the charge of a payment at the provider.
func (s *shop) charge(key string) *history.ProviderEntry {
	for i := range s.Facts.Provider.Entries {
		if s.Facts.Provider.Entries[i].Key == key {
			return &s.Facts.Provider.Entries[i]
		}
	}
	return nil
}

// move writes a line of the stock ledger and keeps the row in step.
func (s *shop) move(kind stocks.Move, product string, quantity int64, cause string) {
	s.Facts.StockMoves = append(s.Facts.StockMoves, history.StockMove{
		Sequence: int64(len(s.Facts.StockMoves) + 1), Product: product, Kind: string(kind), Quantity: quantity, Cause: cause,
	})
	apply(s.row(product), kind, quantity)
}

func apply(r *history.Stock, kind stocks.Move, quantity int64) {
	switch kind {
	case stocks.Restocked:
		r.OnHand += quantity
	case stocks.Reserved:
		r.Reserved += quantity
	case stocks.Released:
		r.Reserved -= quantity
	case stocks.Committed:
		r.Reserved -= quantity
		r.OnHand -= quantity
	}
}

// recount makes the rows what the moves lead to, and numbers the moves again.
func (s *shop) recount() {
	for i := range s.Facts.Stock {
		r := &s.Facts.Stock[i]
		r.OnHand, r.Reserved = r.Initial, 0
	}
	for i := range s.Facts.StockMoves {
		m := &s.Facts.StockMoves[i]
		m.Sequence = int64(i + 1)
		apply(s.row(m.Product), stocks.Move(m.Kind), m.Quantity)
	}
}

// moveAll moves every line of an order.
func (s *shop) moveAll(kind stocks.Move, o *history.Order) {
	for _, l := range o.Lines {
		s.move(kind, l.Product, l.Quantity, o.ID)
	}
}

func (s *shop) tell(user string, kind notices.Kind, cause string) {
	s.Facts.Notifications = append(s.Facts.Notifications, history.Notification{
		ID: s.id("notice"), User: user, Kind: string(kind), Cause: cause,
	})
}

func (s *shop) book(transaction string, entries []payments.Entry) {
	for _, e := range entries {
		s.Facts.Ledger = append(s.Facts.Ledger, history.LedgerEntry{
			Transaction: transaction, Account: string(e.Account), Amount: e.Amount.Amount, Currency: string(e.Amount.Currency),
		})
	}
}

// place takes an order in and settles it: rejected for want of stock or of money, or confirmed.
func (s *shop) place(user, key string, lines []history.Line, covered bool) *history.Order {
	s.Facts.Orders = append(s.Facts.Orders, history.Order{
		ID: s.id("order"), User: user, Key: key, State: string(processing.Rejected), Currency: currency, Lines: lines, Total: 390,
	})
	o := &s.Facts.Orders[len(s.Facts.Orders)-1]
	for _, l := range lines {
		o.Total += l.Quantity * l.UnitPrice
	}
	for _, l := range lines {
		if r := s.row(l.Product); r.OnHand-r.Reserved < l.Quantity {
			o.Reason = string(processing.OutOfStock)
			s.tell(user, notices.OrderRejected, o.ID)
			return o
		}
	}
	s.moveAll(stocks.Reserved, o)
	if !s.pay(o, covered) {
		s.moveAll(stocks.Released, o)
		o.Reason = string(processing.PaymentDeclined)
		s.tell(user, notices.OrderRejected, o.ID)
		return o
	}
	s.Facts.Shipments = append(s.Facts.Shipments, history.Shipment{ID: s.id("shipment"), Order: o.ID, State: string(shipping.Pending)})
	o.State = string(processing.Confirmed)
	s.tell(user, notices.OrderConfirmed, o.ID)
	return o
}

// pay charges an order.
func (s *shop) pay(o *history.Order, covered bool) bool {
	p := history.Payment{ID: s.id("payment"), Order: o.ID, State: string(payments.Declined), Amount: o.Total, Currency: currency}
	if covered {
		p.State = string(payments.Captured)
		s.book("capture:"+p.ID, payments.CaptureEntries(euro(p.Amount)))
	}
	s.Facts.Payments = append(s.Facts.Payments, p)
	s.Facts.Provider.Entries = append(s.Facts.Provider.Entries, history.ProviderEntry{
		Key: p.ID, Kind: "charge", State: p.State, Amount: p.Amount, Currency: currency, Requests: 1,
	})
	return covered
}

// giveBack refunds an amount of an order.
func (s *shop) giveBack(o *history.Order, amount int64) {
	p, id := s.payment(o.ID), s.id("refund")
	if p.Refunded += amount; p.Refunded == p.Amount {
		p.State = string(payments.Refunded)
	}
	s.book("refund:"+id, payments.RefundEntries(euro(amount)))
	s.Facts.Provider.Entries = append(s.Facts.Provider.Entries, history.ProviderEntry{
		Key: id, Kind: "refund", State: "refunded", Amount: amount, Currency: currency, ChargeKey: p.ID, Requests: 1,
	})
	s.tell(o.User, notices.PaymentRefunded, id)
}

func (s *shop) cancel(o *history.Order) {
	s.shipment(o.ID).State = string(shipping.Cancelled)
	s.moveAll(stocks.Released, o)
	p := s.payment(o.ID)
	if left := p.Amount - p.Refunded; left > 0 {
		s.giveBack(o, left)
	}
	o.State = string(processing.Cancelled)
	s.tell(o.User, notices.OrderCancelled, o.ID)
}

// advance ships a confirmed order, or delivers a shipped one.
func (s *shop) advance(o *history.Order) {
	shipment := s.shipment(o.ID)
	switch processing.State(o.State) {
	case processing.Confirmed:
		s.Facts.Carrier.Parcels = append(s.Facts.Carrier.Parcels, history.Parcel{Key: shipment.ID, State: "booked", Requests: 1})
		s.moveAll(stocks.Committed, o)
		o.State, shipment.State = string(processing.Shipped), string(shipping.Booked)
		s.tell(o.User, notices.OrderShipped, o.ID)
	case processing.Shipped:
		i := slices.IndexFunc(s.Facts.Carrier.Parcels, func(p history.Parcel) bool { return p.Key == shipment.ID })
		s.Facts.Carrier.Parcels[i].State = "delivered"
		o.State, shipment.State = string(processing.Delivered), string(shipping.Delivered)
		s.tell(o.User, notices.OrderDelivered, o.ID)
	default:
	}
}

// deliver brings an order home.
func (s *shop) deliver(o *history.Order) {
	s.advance(o)
	s.advance(o)
}
