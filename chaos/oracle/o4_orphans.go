package oracle

import (
	"figlab/internal/history"

	shipping "figlab/shop/logistics"
)

// orphans looks for effects of orders that are not in the store: what an unknown checkout leaves when it was applied by half.
func orphans(f *Finding, b *books, facts history.Facts) {
	for _, at := range b.touched {
		t := b.moves[at]
		switch {
		case b.orders[at.cause] == nil && t.taken() != 0:
			f.violate("%d of product %s are taken for order %s, which is not in the store", t.taken(), at.product, at.cause)
		case b.orders[at.cause] != nil && b.lines[at] == 0:
			f.violate("product %s was moved for order %s, which has no line of it", at.product, at.cause)
		}
	}
	for _, p := range facts.Payments {
		if b.orders[p.Order] == nil && taken(p) != p.Refunded {
			f.violate("payment %s of %d is for order %s, which is not in the store", p.ID, p.Amount, p.Order)
		}
	}
	for _, s := range facts.Shipments {
		if b.orders[s.Order] == nil && shipping.State(s.State) != shipping.Cancelled {
			f.violate("shipment %s, %s, is for order %s, which is not in the store", s.ID, s.State, s.Order)
		}
	}
}

// parcelsOf compares the carrier's parcels with the shipments: a shipment's id is the key of its parcel.
func parcelsOf(f *Finding, facts history.Facts) {
	if facts.Carrier.Parcels == nil {
		return
	}
	parcels := make(map[string]bool, len(facts.Carrier.Parcels))
	for _, p := range facts.Carrier.Parcels {
		parcels[p.Key] = true
	}
	for _, s := range facts.Shipments {
		state := shipping.State(s.State)
		switch booked := state == shipping.Booked || state == shipping.Delivered; {
		case booked && !parcels[s.ID]:
			f.violate("shipment %s of order %s is %s, the carrier has no parcel for it", s.ID, s.Order, s.State)
		case state == shipping.Cancelled && parcels[s.ID]:
			f.violate("shipment %s of order %s is cancelled, the carrier has a parcel for it", s.ID, s.Order)
		}
		delete(parcels, s.ID)
	}
	for _, p := range facts.Carrier.Parcels {
		if parcels[p.Key] {
			f.violate("the carrier has a parcel under key %s, %s, that no shipment knows of", p.Key, p.State)
		}
	}
}
