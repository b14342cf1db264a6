package saga

import (
	"figlab/shop"
	"time"

	rules "figlab/shop/orderprocessing"
)

// A Phase is where an order stands. Phases are stored: append only.
type Phase string

// The phases. Those that end in -ing have a call under way.
const (
	Reserving    Phase = "reserving"
	Authorising  Phase = "authorising"
	Shipping     Phase = "shipping"
	Confirming   Phase = "confirming"
	Confirmed    Phase = "confirmed"
	Committing   Phase = "committing"
	Shipped      Phase = "shipped"
	Delivered    Phase = "delivered"
	Releasing    Phase = "releasing"
	Compensating Phase = "compensating"
	Rejected     Phase = "rejected"
	Cancelling   Phase = "cancelling"
	Cancelled    Phase = "cancelled"
)

// A State is all that is known of an order's way. It is kept as it is.
type State struct {
	Step     Phase           `json:"step"`
	Op       Op              `json:"op,omitempty"`      // what is being asked for; empty when nothing is left to do by us
	Attempts int             `json:"attempts"`          // of Op, whose outcome stayed unknown
	Pausing  bool            `json:"pausing,omitempty"` // Op was asked for in vain; it is asked for again when due
	Due      time.Time       `json:"due,omitzero"`      // when to look again
	PlacedAt time.Time       `json:"placed_at"`
	Deadline time.Time       `json:"deadline"` // by then the order has been reserved or is rejected
	Payment  shop.PaymentID  `json:"payment,omitempty"`
	Shipment shop.ShipmentID `json:"shipment,omitempty"`
	Reason   rules.Reason    `json:"reason,omitempty"` // of a rejection, from the moment it is decided

	Booked    bool  `json:"booked,omitempty"`    // the carrier has the parcel on its books
	Delivered bool  `json:"delivered,omitempty"` // the parcel has arrived, whether or not that was told yet
	TooLate   bool  `json:"too_late,omitempty"`  // a recall was refused: the parcel goes
	Version   int64 `json:"version"`             // grows by one with every change: save only over the version before
}

// Order returns the state the shopper sees.
func (s State) Order() rules.State {
	switch s.Step {
	case Confirmed, Cancelling, Committing:
		return rules.Confirmed
	case Shipped:
		return rules.Shipped
	case Delivered:
		return rules.Delivered
	case Rejected:
		return rules.Rejected
	case Cancelled:
		return rules.Cancelled
	default:
		return rules.Pending
	}
}

// Open says whether anything is left to do by us. A confirmed order waits for its parcel, which is logistics' work.
func Open(s State) bool { return s.Op != "" }
