package shop

import (
	"fmt"
	"math"
)

// A Currency is an ISO 4217 code.
type Currency string

// EUR is the currency of the seed data; a shop has one currency.
const EUR Currency = "EUR"

// Money is an amount in integer minor units (cents). It is never a float.
type Money struct {
	Amount   int64
	Currency Currency
}

// ErrOverflow is returned where an amount would leave the range of int64.
var ErrOverflow = NewError(Invalid, "amount-overflow", "the amount is too large")

// Euro returns cents as Money.
func Euro(cents int64) Money { return Money{Amount: cents, Currency: EUR} }

// Add returns m + n. Both must have the same currency, except that the zero Money adds to anything.
func (m Money) Add(n Money) (Money, error) {
	switch {
	case m == (Money{}):
		return n, nil
	case n == (Money{}):
		return m, nil
	case m.Currency != n.Currency:
		return Money{}, NewError(Invalid, "currency-mismatch", fmt.Sprintf("cannot add %s to %s", n.Currency, m.Currency))
	case n.Amount > 0 && m.Amount > math.MaxInt64-n.Amount, n.Amount < 0 && m.Amount < math.MinInt64-n.Amount:
		return Money{}, ErrOverflow
	}
	return Money{m.Amount + n.Amount, m.Currency}, nil
}

// Sub returns m - n under the rules of Add.
func (m Money) Sub(n Money) (Money, error) {
	if n.Amount == math.MinInt64 {
		return Money{}, ErrOverflow
	}
	return m.Add(Money{-n.Amount, n.Currency})
}

// Times returns m × q.
func (m Money) Times(q Quantity) (Money, error) {
	if q == 0 || m.Amount == 0 {
		return Money{0, m.Currency}, nil
	}
	total := m.Amount * int64(q)
	if total/int64(q) != m.Amount {
		return Money{}, ErrOverflow
	}
	return Money{total, m.Currency}, nil
}

// Sum adds all amounts.
func Sum(amounts ...Money) (total Money, err error) {
	for _, m := range amounts {
		if total, err = total.Add(m); err != nil {
			return Money{}, err
		}
	}
	return total, nil
}

// String prints the amount with two decimals, for people.
func (m Money) String() string {
	sign, a := "", m.Amount
	if a < 0 {
		sign, a = "-", -a
	}
	return fmt.Sprintf("%s%d.%02d %s", sign, a/100, a%100, m.Currency)
}

// A Quantity counts pieces.
type Quantity int64

// Grams weigh a product or a parcel.
type Grams int64
