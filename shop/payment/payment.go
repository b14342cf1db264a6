package payment

import "figlab/shop"

// A State of a payment.
type State string

// The states.
const (
	Initiated State = "initiated" // we mean to charge; whether the provider did is not known yet
	Captured  State = "captured"
	Declined  State = "declined"
	Refunded  State = "refunded" // all of it went back
)

// An Account of the ledger.
type Account string

// The accounts. What the provider owes us is an asset; sales and refunds are the other side.
const (
	Provider Account = "provider_receivable"
	Sales    Account = "sales"
	Returns  Account = "refunds"
)

// An Entry is one side of a transaction; the entries of a transaction sum to zero.
type Entry struct {
	Account Account
	Amount  shop.Money
}

// A Payment of an order.
type Payment struct {
	Amount   shop.Money
	Refunded shop.Money
	State    State
}

// Errors of the rules.
var (
	ErrNotFound    = shop.NewError(shop.NotFound, "payment-not-found", "there is no such payment")
	ErrTooLarge    = shop.NewError(shop.Invalid, "refund-too-large", "this is more than what is left of the payment")
	ErrNotCaptured = shop.NewError(shop.Conflict, "payment-not-captured", "only a captured payment can be refunded")
	ErrAmount      = shop.NewError(shop.Invalid, "invalid-amount", "an amount is above zero, in the payment's currency")
)

// CaptureEntries book a capture.
func CaptureEntries(amount shop.Money) []Entry {
	return []Entry{{Provider, amount}, {Sales, negative(amount)}}
}

// RefundEntries book a refund.
func RefundEntries(amount shop.Money) []Entry {
	return []Entry{{Returns, amount}, {Provider, negative(amount)}}
}

func negative(m shop.Money) shop.Money { return shop.Money{Amount: -m.Amount, Currency: m.Currency} }

// Left is what may still go back.
func (p Payment) Left() shop.Money {
	if p.State != Captured {
		return shop.Money{Currency: p.Amount.Currency}
	}
	return shop.Money{Amount: p.Amount.Amount - p.Refunded.Amount, Currency: p.Amount.Currency}
}

// Refund returns the payment after an amount went back.
func (p Payment) Refund(amount shop.Money) (Payment, error) {
	switch {
	case p.State != Captured && p.State != Refunded:
		return Payment{}, ErrNotCaptured
	case amount.Amount <= 0 || amount.Currency != p.Amount.Currency:
		return Payment{}, ErrAmount
	case amount.Amount > p.Left().Amount:
		return Payment{}, ErrTooLarge
	}
	p.Refunded = shop.Money{Amount: p.Refunded.Amount + amount.Amount, Currency: p.Amount.Currency}
	if p.Refunded.Amount == p.Amount.Amount {
		p.State = Refunded
	}
	return p, nil
}
