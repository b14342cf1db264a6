package warehouse

import (
	"figlab/microservices/platform/outbox"
)

// This service hears nothing: order processing tells it what to do, and waits for the answer.

// stockChanged tells how much there is of a product now.
func stockChanged(l Level) outbox.Change {
	return outbox.Change{Type: "stock-changed", Key: string(l.Product), Version: l.Version, Data: toWire(l)}
}

// reservationExpired tells that an order's pieces are free again, because nobody has kept them for it in time.
func reservationExpired(r Reservation) outbox.Change {
	return outbox.Change{Type: "reservation-expired", Key: r.OrderID, Version: r.Version, Data: reservationToWire(r)}
}
