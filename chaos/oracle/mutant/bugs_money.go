package mutant

import (
	"figlab/internal/history"

	processing "figlab/shop/orderprocessing"
	payments "figlab/shop/payment"
)

func doubleCapture(s *shop) { s.pay(s.in(processing.Delivered), true) }

func unbookedCharge(s *shop) {
	transaction := "capture:" + s.payment(s.in(processing.Delivered).ID).ID
	s.Facts.Ledger = drop(s.Facts.Ledger, func(e history.LedgerEntry) bool { return e.Transaction == transaction })
}

func ledgerUnbalanced(s *shop) { s.Facts.Ledger[s.rng.IntN(len(s.Facts.Ledger))].Amount++ }

func unknownCharge(s *shop) {
	s.Facts.Provider.Entries = append(s.Facts.Provider.Entries, history.ProviderEntry{
		Key: s.id("payment"), Kind: "charge", State: string(payments.Captured), Amount: 1234, Currency: currency, Requests: 1,
	})
}

func keyChargedTwice(s *shop) {
	again := *s.charge(s.payment(s.in(processing.Delivered).ID).ID)
	s.Facts.Provider.Entries = append(s.Facts.Provider.Entries, again)
}

// refundLost forgets at the provider what the shop believes to have given back.
func refundLost(s *shop) {
	key := s.payment(s.in(processing.Cancelled).ID).ID
	s.Facts.Provider.Entries = drop(s.Facts.Provider.Entries, func(e history.ProviderEntry) bool { return e.ChargeKey == key })
}

// refundForgotten forgets it everywhere, so that only the order's state tells.
func refundForgotten(s *shop) { s.keep(s.in(processing.Cancelled)) }

// keep takes back every refund of an order, in all books.
func (s *shop) keep(o *history.Order) {
	p, gone := s.payment(o.ID), map[string]bool{}
	for _, e := range s.Facts.Provider.Entries {
		if e.ChargeKey == p.ID {
			gone["refund:"+e.Key] = true
		}
	}
	s.Facts.Provider.Entries = drop(s.Facts.Provider.Entries, func(e history.ProviderEntry) bool { return e.ChargeKey == p.ID })
	s.Facts.Ledger = drop(s.Facts.Ledger, func(e history.LedgerEntry) bool { return gone[e.Transaction] })
	p.Refunded, p.State = 0, string(payments.Captured)
}

func refundUnasked(s *shop) { s.giveBack(s.in(processing.Delivered), 3) }

func wrongAmount(s *shop) { s.overcharge(s.in(processing.Delivered)) }

// overcharge takes a cent more for an order, in all books.
func (s *shop) overcharge(o *history.Order) {
	p := s.payment(o.ID)
	p.Amount++
	s.charge(p.ID).Amount++
	for i := range s.Facts.Ledger {
		if e := &s.Facts.Ledger[i]; e.Transaction == "capture:"+p.ID && e.Amount > 0 {
			e.Amount++
		} else if e.Transaction == "capture:"+p.ID {
			e.Amount--
		}
	}
}
