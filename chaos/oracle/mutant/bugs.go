package mutant

import (
	"figlab/internal/history"
	"slices"

	processing "figlab/shop/orderprocessing"
)

// A Bug is seeded into a shop without a fault.
type Bug struct {
	Name   string
	Story  string // what has gone wrong
	Caught string // the oracle that must catch it, whoever else does
	seed   func(*shop)
}

// Bugs returns the table, by the oracle that must catch them.
func Bugs() []Bug {
	return []Bug{
		{"off-by-one-stock", "a row of stock is one short", "O1", offByOneStock},
		{"reserve-leak", "a cancelled order keeps its reservation", "O1", reserveLeak},
		{"decline-leak", "an order whose card was declined keeps its reservation", "O1", declineLeak},
		{"unasked-restock", "goods were received that nobody has sent", "O1", unaskedRestock},
		{"too-many-taken", "one piece more was reserved and shipped than was ordered", "O1", tooManyTaken},
		{"stock-row-lost", "a product has moves and no stock", "O1", stockRowLost},

		{"oversell", "more was sold than there was", "O2", oversell},
		{"oversell-mended", "more was reserved than there was, until a restock came", "O2", oversellMended},
		{"commit-before-reserve", "a commit is written before its reservation", "O2", commitBeforeReserve},

		{"double-capture", "an order was paid twice", "O3", doubleCapture},
		{"unbooked-charge", "a capture is not in the ledger", "O3", unbookedCharge},
		{"ledger-unbalanced", "one side of a transaction is a cent off", "O3", ledgerUnbalanced},
		{"unknown-charge", "the provider has a charge that no payment knows of", "O3", unknownCharge},
		{"key-charged-twice", "the provider has charged one key twice", "O3", keyChargedTwice},
		{"refund-lost", "a cancelled order's refund never reached the provider", "O3", refundLost},
		{"refund-forgotten", "a cancelled order's money was never given back", "O3", refundForgotten},
		{"refund-unasked", "money of a good order went back, and nobody has asked for it", "O3", refundUnasked},
		{"wrong-amount", "a cent more was charged than the order is about", "O3", wrongAmount},

		{"double-order-one-key", "a repeated key has placed a second order", "O4", doubleOrderOneKey},
		{"price-changed", "the order costs more than was answered", "O4", priceChanged},
		{"line-changed", "the order holds another quantity than was answered", "O4", lineChanged},
		{"half-applied-unknown", "of an unknown checkout all but the order was kept", "O4", halfAppliedUnknown},
		{"shipped-unpaid", "of an unknown checkout all but the payment was kept", "O4", shippedUnpaid},
		{"shipment-twice", "an order was sent twice", "O4", shipmentTwice},
		{"commit-twice", "an order's goods have left twice", "O4", commitTwice},
		{"parcel-of-cancelled", "the parcel of a cancelled order has left", "O4", parcelOfCancelled},
		{"told-twice", "a shopper was told the same thing twice", "O4", toldTwice},
		{"failed-write-applied", "a checkout that was refused has placed its order", "O4", failedWriteApplied},

		{"lost-order", "an acknowledged order has vanished without a trace", "O5", lostOrder},
		{"phantom-order", "there is an order that nobody has placed", "O5", phantomOrder},
		{"stale-order", "an order that was seen delivered has fallen back", "O5", staleOrder},
		{"lost-cancel", "an acknowledged cancellation was undone", "O5", lostCancel},
		{"lost-restock", "an acknowledged restock has vanished", "O5", lostRestock},
		{"lost-user", "an acknowledged registration has vanished", "O5", lostUser},
		{"order-copied", "an order is in the store twice", "O5", orderCopied},
	}
}

// in returns an order in a state; the script of the clients has made one of each.
func (s *shop) in(state processing.State) *history.Order {
	return s.some(func(o *history.Order) bool { return o.State == string(state) })
}

// acked returns the record of an acknowledged checkout whose order is in a state now.
func (s *shop) acked(op string, state processing.State) history.Record {
	var found []history.Record
	for _, r := range s.History {
		if r.Op == op && r.Outcome == history.OK && (r.Order == "" || s.order(r.Order).State == string(state)) {
			found = append(found, r)
		}
	}
	return found[s.rng.IntN(len(found))]
}

// only returns the checkout of a key that was only ever answered so, and whose order was delivered or never placed.
func (s *shop) only(outcome history.Outcome, standing bool) history.Record {
	other := map[string]bool{}
	for _, r := range s.History {
		if r.Outcome != outcome {
			other[r.Key] = true
		}
	}
	var found []history.Record
	for _, r := range s.History {
		if r.Op == "placeOrder" && !other[r.Key] && s.stands(r.Key) == standing {
			found = append(found, r)
		}
	}
	return found[s.rng.IntN(len(found))]
}

// stands says whether a key has placed an order that was delivered.
func (s *shop) stands(key string) bool {
	return slices.ContainsFunc(s.Facts.Orders, func(o history.Order) bool {
		return o.Key == key && o.State == string(processing.Delivered)
	})
}

// keyed returns the order of a key.
func (s *shop) keyed(key string) *history.Order {
	return s.some(func(o *history.Order) bool { return o.Key == key })
}

// drop deletes what matches.
func drop[T any](all []T, match func(T) bool) []T { return slices.DeleteFunc(all, match) }
