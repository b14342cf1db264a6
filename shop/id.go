package shop

import (
	"fmt"
	"strings"
	"time"
)

// Ids are UUIDv7 (RFC 9562) in their canonical text form: sortable by time, and the same in every store.
type (
	// UserID names a user.
	UserID string
	// ProductID names a product.
	ProductID string
	// OrderID names an order.
	OrderID string
	// PaymentID names a payment.
	PaymentID string
	// ShipmentID names a shipment.
	ShipmentID string
	// NotificationID names a message to a user.
	NotificationID string
)

// NewID builds a UUIDv7 from an instant and ten random bytes. The caller owns clock and randomness; see process.IDs.
func NewID(at time.Time, random [10]byte) string {
	ms := uint64(at.UnixMilli())
	var b [16]byte
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	copy(b[6:], random[:])
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	const digits = "0123456789abcdef"
	text := make([]byte, 0, 36)
	for i, v := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text = append(text, '-')
		}
		text = append(text, digits[v>>4], digits[v&15])
	}
	return string(text)
}

// CheckID says whether s has the form of an id: lower-case hexadecimal 8-4-4-4-12.
func CheckID(s string) error {
	if len(s) != 36 {
		return NewError(Invalid, "malformed-id", fmt.Sprintf("%q is not an id", s))
	}
	for i := range len(s) {
		want := "0123456789abcdef"
		if i == 8 || i == 13 || i == 18 || i == 23 {
			want = "-"
		}
		if strings.IndexByte(want, s[i]) < 0 {
			return NewError(Invalid, "malformed-id", fmt.Sprintf("%q is not an id", s))
		}
	}
	return nil
}
