package ordertaking

import (
	"figlab/shop"
	"fmt"
	"strings"
	"time"
)

// A Line of an order: what was bought, at the price of that moment.
type Line struct {
	Product  shop.ProductID
	Name     string
	Quantity shop.Quantity
	Price    shop.Money
	Weight   shop.Grams
}

// Total returns price × quantity.
func (l Line) Total() (shop.Money, error) { return l.Price.Times(l.Quantity) }

// A Request is what a shopper asks for when placing an order, besides what is in the cart.
type Request struct {
	Address      shop.Address
	Service      string
	PaymentToken string
}

// A Draft is an order with its sums, before anything was reserved or paid.
type Draft struct {
	Lines    []Line
	Subtotal shop.Money
	Shipping shop.Money
	Total    shop.Money
	Weight   shop.Grams
}

// Errors of the rules.
var (
	ErrEmptyCart = shop.NewError(shop.Conflict, "empty-cart", "the cart is empty")
	ErrNotFound  = shop.ErrNoOrder
	ErrCursor    = shop.NewError("malformed", "invalid-cursor", "this is not the next of a page")
)

// NewDraft adds up an order. shipping tells what carrying the weight costs.
func NewDraft(lines []Line, shipping func(shop.Grams) (shop.Money, error)) (d Draft, err error) {
	if len(lines) == 0 {
		return Draft{}, ErrEmptyCart
	}
	d.Lines, d.Subtotal = lines, shop.Euro(0)
	for _, l := range lines {
		total, err := l.Total()
		if err != nil {
			return Draft{}, err
		}
		if d.Subtotal, err = d.Subtotal.Add(total); err != nil {
			return Draft{}, err
		}
		d.Weight += l.Weight * shop.Grams(l.Quantity)
	}
	if d.Shipping, err = shipping(d.Weight); err != nil {
		return Draft{}, err
	}
	if d.Total, err = d.Subtotal.Add(d.Shipping); err != nil {
		return Draft{}, err
	}
	return d, nil
}

// Fingerprint tells requests under one key apart. The cart is not part of it: the first request has emptied it.
func (r Request) Fingerprint() string {
	a := r.Address
	var b strings.Builder
	for _, s := range []string{a.Line1, a.Line2, a.City, a.Postcode, a.Country, r.Service, r.PaymentToken} {
		fmt.Fprintf(&b, "%d:%s;", len(s), s)
	}
	return b.String()
}

// An Order as it is kept. Its state belongs to order processing.
type Order struct {
	Draft
	ID       shop.OrderID
	User     shop.UserID
	Key      string // idempotency key of the request that placed it
	Request  Request
	State    string
	Reason   string // why it was rejected
	Payment  shop.PaymentID
	Shipment shop.ShipmentID
	Version  int64
	Created  time.Time
	Updated  time.Time
}

// Cursor returns the position after an order in a list.
func Cursor(last shop.OrderID) string { return "o_" + string(last) }

// ParseCursor returns the order after which a list goes on; "" is the beginning.
func ParseCursor(cursor string) (shop.OrderID, error) {
	if cursor == "" {
		return "", nil
	}
	id, ok := strings.CutPrefix(cursor, "o_")
	if !ok || shop.CheckID(id) != nil {
		return "", ErrCursor
	}
	return shop.OrderID(id), nil
}
