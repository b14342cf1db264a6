package orderprocessing

import (
	"figlab/shop"
	"fmt"
	"time"
)

// A State of an order.
type State string

// The states.
const (
	Pending   State = "pending"
	Confirmed State = "confirmed"
	Shipped   State = "shipped"
	Delivered State = "delivered"
	Rejected  State = "rejected"
	Cancelled State = "cancelled"
)

// A Reason says why an order was rejected.
type Reason string

// The reasons.
const (
	OutOfStock      Reason = "out_of_stock"
	PaymentDeclined Reason = "payment_declined"
	NotForSale      Reason = "not_for_sale"
)

// An Event is one step of an order. Sequences of one order are contiguous and begin with 1.
type Event struct {
	Sequence int64
	State    State
	Detail   string
	At       time.Time
}

// Errors of the rules.
var (
	ErrTransition     = shop.NewError(shop.Conflict, "order-state", "the order cannot take this step")
	ErrNotCancellable = shop.NewError(shop.Conflict, "order-not-cancellable", "only a confirmed order that is still here can be cancelled")
)

// Next returns the states that may follow s.
func Next(s State) []State {
	switch s {
	case Pending:
		return []State{Confirmed, Rejected}
	case Confirmed:
		return []State{Shipped, Cancelled}
	case Shipped:
		return []State{Delivered}
	default:
		return nil
	}
}

// Final says whether nothing follows s.
func Final(s State) bool { return len(Next(s)) == 0 }

// Start returns the first event of an order.
func Start(at time.Time) Event { return Event{Sequence: 1, State: Pending, At: at} }

// Step returns the event that follows last, or ErrTransition.
func Step(last Event, to State, detail string, at time.Time) (Event, error) {
	for _, s := range Next(last.State) {
		if s == to {
			return Event{Sequence: last.Sequence + 1, State: to, Detail: detail, At: at}, nil
		}
	}
	return Event{}, fmt.Errorf("from %s to %s: %w", last.State, to, ErrTransition)
}
