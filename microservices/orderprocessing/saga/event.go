package saga

import "time"

// An Event is something that a shell has heard, with the time it heard it.
type Event interface{ at() time.Time }

// An Outcome of a call.
type Outcome string

// The outcomes. Every operation can be refused for one reason at most: Reserve when the pieces are not there, Authorise when the money is
// not, Keep when the reservation has expired, Recall when the carrier may know of the parcel.
const (
	Done    Outcome = "done"
	Refused Outcome = "refused"
	Unknown Outcome = "unknown" // no answer, or none that says whether it was done
)

// An Answer is what came of a call.
type Answer struct {
	Op      Op
	Outcome Outcome
	ID      string // of the payment or of the shipment
	At      time.Time
}

// Woken says that an order may be due.
type Woken struct{ At time.Time }

// ParcelBooked says that the carrier has booked the shipment.
type ParcelBooked struct{ At time.Time }

// ParcelDelivered says that the parcel has arrived.
type ParcelDelivered struct{ At time.Time }

// CancelWanted says that the shopper wants the order cancelled; see Cancellable.
type CancelWanted struct{ At time.Time }

func (e Answer) at() time.Time          { return e.At }
func (e Woken) at() time.Time           { return e.At }
func (e ParcelBooked) at() time.Time    { return e.At }
func (e ParcelDelivered) at() time.Time { return e.At }
func (e CancelWanted) at() time.Time    { return e.At }
