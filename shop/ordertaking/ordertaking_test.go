package ordertaking_test

import (
	"errors"
	"figlab/shop"
	"figlab/shop/ordertaking"
	"testing"
)

func TestDraft(t *testing.T) {
	flat := func(w shop.Grams) (shop.Money, error) { return shop.Euro(int64(w)), nil }
	lines := []ordertaking.Line{
		{Product: "a", Quantity: 2, Price: shop.Euro(150), Weight: 10}, {Product: "b", Quantity: 1, Price: shop.Euro(99), Weight: 5},
	}
	d, err := ordertaking.NewDraft(lines, flat)
	if err != nil || d.Subtotal != shop.Euro(399) || d.Weight != 25 || d.Shipping != shop.Euro(25) || d.Total != shop.Euro(424) {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := ordertaking.NewDraft(nil, flat); !errors.Is(err, ordertaking.ErrEmptyCart) {
		t.Errorf("an order of nothing: %v", err)
	}
	broken := errors.New("no rates")
	if _, err := ordertaking.NewDraft(lines, func(shop.Grams) (shop.Money, error) { return shop.Money{}, broken }); !errors.Is(err, broken) {
		t.Errorf("without rates: %v", err)
	}
}

// FuzzTotals: a total is the sum of its lines and the shipping, to the cent, or there is no order.
func FuzzTotals(f *testing.F) {
	f.Add(int64(100), int64(2), int64(5), int64(3), int64(290))
	f.Fuzz(func(t *testing.T, p1, q1, p2, q2, shipping int64) {
		lines := []ordertaking.Line{{Quantity: shop.Quantity(q1), Price: shop.Euro(p1)}, {Quantity: shop.Quantity(q2), Price: shop.Euro(p2)}}
		d, err := ordertaking.NewDraft(lines, func(shop.Grams) (shop.Money, error) { return shop.Euro(shipping), nil })
		if err == nil && d.Total.Amount != p1*q1+p2*q2+shipping {
			t.Fatalf("%d×%d + %d×%d + %d = %d", p1, q1, p2, q2, shipping, d.Total.Amount)
		}
	})
}

func TestFingerprintTellsRequestsApart(t *testing.T) {
	base := ordertaking.Request{Address: shop.Address{Line1: "a", City: "bc"}, Service: "standard", PaymentToken: "tok"}
	shifted := base
	shifted.Address.Line1, shifted.Address.City = "ab", "c"
	card := base
	card.PaymentToken = "tok2"
	if base.Fingerprint() == shifted.Fingerprint() || base.Fingerprint() == card.Fingerprint() {
		t.Error("different requests have one fingerprint")
	}
}

func TestCursor(t *testing.T) {
	id := shop.OrderID(shop.SeedID(1, 9, 1))
	if back, err := ordertaking.ParseCursor(ordertaking.Cursor(id)); err != nil || back != id {
		t.Errorf("%s came back as %s, %v", id, back, err)
	}
	for _, bad := range []string{"x", "o_", "p_" + string(id)} {
		if _, err := ordertaking.ParseCursor(bad); !errors.Is(err, ordertaking.ErrCursor) {
			t.Errorf("%q passes for a cursor: %v", bad, err)
		}
	}
}
