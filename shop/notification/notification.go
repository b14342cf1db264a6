package notification

import (
	"figlab/shop"
	"fmt"
	"strings"
)

// A Kind of message. A user gets at most one of a kind about a cause.
type Kind string

// The kinds.
const (
	OrderConfirmed  Kind = "order_confirmed"
	OrderRejected   Kind = "order_rejected"
	OrderShipped    Kind = "order_shipped"
	OrderDelivered  Kind = "order_delivered"
	OrderCancelled  Kind = "order_cancelled"
	PaymentRefunded Kind = "payment_refunded"
)

// ErrNotFound is returned for a message that is not there, or somebody else's.
var ErrNotFound = shop.NewError(shop.NotFound, "notification-not-found", "you have no such message")

// ErrCursor is returned for a cursor of somewhere else.
var ErrCursor = shop.NewError("malformed", "invalid-cursor", "this is not the next of a page")

// Text returns subject and body of a message about an order.
func Text(k Kind, order shop.OrderID, total shop.Money) (subject, body string) {
	short := string(order)
	if len(short) > 8 {
		short = short[len(short)-8:]
	}
	switch k {
	case OrderConfirmed:
		return "Your order is confirmed", fmt.Sprintf("We have your order …%s over %s. It leaves the house soon.", short, total)
	case OrderRejected:
		return "Your order could not be taken", fmt.Sprintf("Order …%s over %s was rejected. Nothing was charged.", short, total)
	case OrderShipped:
		return "Your order is on its way", fmt.Sprintf("The parcel of order …%s has left the house.", short)
	case OrderDelivered:
		return "Your order has arrived", fmt.Sprintf("The carrier has delivered order …%s.", short)
	case OrderCancelled:
		return "Your order is cancelled", fmt.Sprintf("Order …%s is cancelled; %s goes back to you.", short, total)
	case PaymentRefunded:
		return "Money is on its way back", fmt.Sprintf("%s of order …%s goes back to you.", total, short)
	}
	return string(k), short
}

// Cursor returns the position after a message in a list.
func Cursor(last shop.NotificationID) string { return "n_" + string(last) }

// ParseCursor returns the message after which a list goes on; "" is the beginning.
func ParseCursor(cursor string) (shop.NotificationID, error) {
	if cursor == "" {
		return "", nil
	}
	id, ok := strings.CutPrefix(cursor, "n_")
	if !ok || shop.CheckID(id) != nil {
		return "", ErrCursor
	}
	return shop.NotificationID(id), nil
}
