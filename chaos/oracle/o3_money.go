package oracle

import (
	"figlab/internal/history"

	payments "figlab/shop/payment"
)

// money is O3: the ledger, the payments, the orders and the provider tell the same story.
func money() Oracle {
	return Oracle{
		ID: "O3", Name: "money conservation",
		Law: "every transaction sums to 0, an order that stands is paid once and any other not at all, and the provider agrees key by key",
		Check: func(c Case) (f Finding) {
			b := c.read()
			transactions(&f, c.Facts.Ledger)
			chargedTwice(&f, c.Facts.Provider)
			if !f.needRest(c.Facts.Work) {
				return f
			}
			accounts(&f, c.Facts)
			paid(&f, b, c.Facts)
			if c.Facts.Provider.Entries == nil {
				f.doubt("the ledger of the payment provider was not read")
				return f
			}
			provider(&f, c.Facts)
			return f
		},
	}
}

// transactions sums each transaction.
func transactions(f *Finding, ledger []history.LedgerEntry) {
	type purse struct{ transaction, currency string }
	sums, order := make(map[purse]int64, len(ledger)/2), []purse(nil)
	for _, e := range ledger {
		p := purse{e.Transaction, e.Currency}
		if _, seen := sums[p]; !seen {
			order = append(order, p)
		}
		sums[p] += e.Amount
	}
	for _, p := range order {
		f.Checked++
		if sums[p] != 0 {
			f.violate("transaction %s sums to %d %s, not to 0", p.transaction, sums[p], p.currency)
		}
	}
}

// chargedTwice looks for a key that the provider has acted upon more than once.
func chargedTwice(f *Finding, p history.Provider) {
	keys := make(map[string]bool, len(p.Entries))
	for _, e := range p.Entries {
		f.Checked++
		if keys[e.Key] {
			f.violate("the provider has acted twice upon key %s: again %s %d %s", e.Key, e.State, e.Amount, e.Currency)
		}
		keys[e.Key] = true
	}
}

// taken is what a payment has taken from the shopper, before anything went back.
func taken(p history.Payment) int64 {
	if s := payments.State(p.State); s == payments.Captured || s == payments.Refunded {
		return p.Amount
	}
	return 0
}

// accounts compares the ledger's accounts with the payments.
func accounts(f *Finding, facts history.Facts) {
	type account struct{ name, currency string }
	var order []account
	booked, due := map[account]int64{}, map[account]int64{}
	owe := func(name payments.Account, currency string, amount int64) {
		a := account{string(name), currency}
		if _, seen := due[a]; !seen {
			order = append(order, a)
		}
		due[a] += amount
	}
	for _, p := range facts.Payments {
		owe(payments.Provider, p.Currency, taken(p)-p.Refunded)
		owe(payments.Sales, p.Currency, -taken(p))
		owe(payments.Returns, p.Currency, p.Refunded)
	}
	for _, e := range facts.Ledger {
		booked[account{e.Account, e.Currency}] += e.Amount
		owe(payments.Account(e.Account), e.Currency, 0)
	}
	for _, a := range order {
		f.Checked++
		if booked[a] != due[a] {
			f.violate("account %s stands at %d %s, the payments come to %d", a.name, booked[a], a.currency, due[a])
		}
	}
}

// paid compares what each order has cost the shopper with what it should have.
func paid(f *Finding, b *books, facts history.Facts) {
	for i := range facts.Orders {
		o := &facts.Orders[i]
		f.Checked++
		var captured, back int64
		for _, p := range b.payments[o.ID] {
			captured, back = captured+taken(p), back+p.Refunded
			if p.Currency != o.Currency {
				f.violate("order %s is over %s, its payment %s over %s", o.ID, o.Currency, p.ID, p.Currency)
			}
		}
		if !stands(o.State) {
			if captured != back {
				f.violate("order %s is %s, yet of %d captured only %d went back", o.ID, o.State, captured, back)
			}
			continue
		}
		gave := o.Total - (captured - back)
		explained, least, most := b.explains(o.ID, gave)
		if b.vague(o.ID) {
			least, most = 0, o.Total
			explained = 0 <= gave && gave <= o.Total
		}
		if !explained {
			f.violate("order %s is %s over %d: %d captured, %d given back, where refunds of %d to %d were asked for",
				o.ID, o.State, o.Total, captured, back, least, most)
		}
	}
	for _, p := range facts.Payments {
		if b.orders[p.Order] == nil && taken(p) != p.Refunded {
			f.violate("payment %s has captured %d and given back %d for order %s, which is not in the store",
				p.ID, taken(p), p.Refunded, p.Order)
		}
	}
}

// provider compares the two ledgers, key by key: a payment's id is the key of its charge.
func provider(f *Finding, facts history.Facts) {
	charges, back := map[string]history.ProviderEntry{}, map[string]int64{}
	for _, e := range facts.Provider.Entries {
		if e.ChargeKey != "" {
			back[e.ChargeKey] += e.Amount
		} else {
			charges[e.Key] = e
		}
	}
	for _, p := range facts.Payments {
		f.Checked++
		e, took := charges[p.ID], int64(0)
		if e.State == string(payments.Captured) {
			took = e.Amount
		}
		if took != taken(p) || took != 0 && e.Currency != p.Currency {
			f.violate("payment %s of order %s has captured %d %s, the provider has taken %d %s",
				p.ID, p.Order, taken(p), p.Currency, took, e.Currency)
		}
		if back[p.ID] != p.Refunded {
			f.violate("payment %s of order %s has given back %d, the provider %d", p.ID, p.Order, p.Refunded, back[p.ID])
		}
	}
	unknownCharges(f, facts)
}

// unknownCharges looks for what the provider has done without a payment.
func unknownCharges(f *Finding, facts history.Facts) {
	known := make(map[string]bool, len(facts.Payments))
	for _, p := range facts.Payments {
		known[p.ID] = true
	}
	for _, e := range facts.Provider.Entries {
		switch {
		case e.ChargeKey == "" && !known[e.Key]:
			f.violate("the provider has a charge under key %s, %s %d %s, that no payment knows of", e.Key, e.State, e.Amount, e.Currency)
		case e.ChargeKey != "" && !known[e.ChargeKey]:
			f.violate("the provider has given back %d %s of charge %s, that no payment knows of", e.Amount, e.Currency, e.ChargeKey)
		}
	}
}
