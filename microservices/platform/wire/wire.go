package wire

import (
	"encoding/json"
	"figlab/api/shopapi"
	"figlab/shop"
	"fmt"
)

// Money for the contract.
func Money(m shop.Money) shopapi.Money {
	return shopapi.Money{Amount: m.Amount, Currency: string(m.Currency)}
}

// Price from the contract.
func Price(p shopapi.Price) shop.Money {
	return shop.Money{Amount: p.Amount, Currency: shop.Currency(p.Currency)}
}

// Address for the contract.
func Address(a shop.Address) shopapi.Address {
	return shopapi.Address{Line1: a.Line1, Line2: Optional(a.Line2), City: a.City, Postcode: a.Postcode, Country: a.Country}
}

// ToAddress from the contract.
func ToAddress(a shopapi.Address) shop.Address {
	return shop.Address{Line1: a.Line1, Line2: Or(a.Line2, ""), City: a.City, Postcode: a.Postcode, Country: a.Country}
}

// Optional returns nil for the zero value, which the contract leaves out.
func Optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// Or returns what p points to, or the default.
func Or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// Limit returns the size of a page: the contract's default unless the caller asked for another.
func Limit(asked *int) int { return Or(asked, 20) }

// Encode stores a value in a column of text.
func Encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode %T: %w", v, err)
	}
	return string(b), nil
}

// Decode is the inverse of Encode.
func Decode(s string, v any) error {
	if err := json.Unmarshal([]byte(s), v); err != nil {
		return fmt.Errorf("decode %T: %w", v, err)
	}
	return nil
}

// Replayed is the header of an answer that an earlier request under the same key recorded.
func Replayed(yes bool) *string {
	if !yes {
		return nil
	}
	s := "true"
	return &s
}
