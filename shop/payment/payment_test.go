package payment_test

import (
	"errors"
	"figlab/shop"
	"figlab/shop/payment"
	"testing"
)

func TestRefund(t *testing.T) {
	paid := payment.Payment{Amount: shop.Euro(100), Refunded: shop.Euro(0), State: payment.Captured}
	half, err := paid.Refund(shop.Euro(60))
	if err != nil || half.State != payment.Captured || half.Left() != shop.Euro(40) {
		t.Fatalf("after 60 of 100: %+v, %v", half, err)
	}
	for _, c := range []struct {
		from   payment.Payment
		amount shop.Money
		err    error
	}{
		{half, shop.Euro(41), payment.ErrTooLarge},
		{half, shop.Euro(0), payment.ErrAmount},
		{half, shop.Money{Amount: 1, Currency: "USD"}, payment.ErrAmount},
		{payment.Payment{Amount: shop.Euro(5), State: payment.Initiated}, shop.Euro(1), payment.ErrNotCaptured},
		{payment.Payment{Amount: shop.Euro(5), State: payment.Declined}, shop.Euro(1), payment.ErrNotCaptured},
	} {
		if _, err := c.from.Refund(c.amount); !errors.Is(err, c.err) {
			t.Errorf("refund %v of %+v: %v, want %v", c.amount, c.from, err, c.err)
		}
	}
	all, err := half.Refund(shop.Euro(40))
	if err != nil || all.State != payment.Refunded || all.Left().Amount != 0 {
		t.Errorf("after all: %+v, %v", all, err)
	}
}

// FuzzEntries: every transaction sums to zero, and refunds never exceed what was captured.
func FuzzEntries(f *testing.F) {
	f.Add(int64(100), int64(60), int64(50))
	f.Fuzz(func(t *testing.T, captured, first, second int64) {
		if captured <= 0 {
			return
		}
		p := payment.Payment{Amount: shop.Euro(captured), Refunded: shop.Euro(0), State: payment.Captured}
		entries := payment.CaptureEntries(p.Amount)
		for _, amount := range []int64{first, second} {
			if next, err := p.Refund(shop.Euro(amount)); err == nil {
				p, entries = next, append(entries, payment.RefundEntries(shop.Euro(amount))...)
			}
		}
		var sum, receivable int64
		for _, e := range entries {
			sum += e.Amount.Amount
			if e.Account == payment.Provider {
				receivable += e.Amount.Amount
			}
		}
		if sum != 0 || receivable != captured-p.Refunded.Amount || receivable < 0 {
			t.Fatalf("entries %+v sum to %d, the provider owes %d of %d", entries, sum, receivable, captured)
		}
	})
}
