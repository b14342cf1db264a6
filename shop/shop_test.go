package shop_test

import (
	"errors"
	"figlab/shop"
	"math"
	"testing"
	"time"
)

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func() (shop.Money, error)
		want int64
		err  error
	}{
		{"add", func() (shop.Money, error) { return shop.Euro(150).Add(shop.Euro(-50)) }, 100, nil},
		{"add to nothing", func() (shop.Money, error) { return shop.Money{}.Add(shop.Euro(7)) }, 7, nil},
		{
			"other currency", func() (shop.Money, error) { return shop.Euro(1).Add(shop.Money{Amount: 1, Currency: "USD"}) }, 0,
			shop.NewError(shop.Invalid, "currency-mismatch", ""),
		},
		{"too much", func() (shop.Money, error) { return shop.Euro(math.MaxInt64).Add(shop.Euro(1)) }, 0, shop.ErrOverflow},
		{"too little", func() (shop.Money, error) { return shop.Euro(math.MinInt64).Sub(shop.Euro(1)) }, 0, shop.ErrOverflow},
		{"times", func() (shop.Money, error) { return shop.Euro(-3).Times(4) }, -12, nil},
		{"times too much", func() (shop.Money, error) { return shop.Euro(math.MaxInt64 / 2).Times(3) }, 0, shop.ErrOverflow},
	} {
		got, err := c.do()
		if !errors.Is(err, c.err) || err == nil && got.Amount != c.want {
			t.Errorf("%s: %v, %v; want %d, %v", c.name, got, err, c.want, c.err)
		}
	}
	if s := shop.Euro(-1205).String(); s != "-12.05 EUR" {
		t.Errorf("printed as %s", s)
	}
}

// FuzzMoney: what is added can be taken away again, or nothing was added.
func FuzzMoney(f *testing.F) {
	f.Add(int64(1), int64(2))
	f.Add(int64(math.MaxInt64), int64(1))
	f.Fuzz(func(t *testing.T, a, b int64) {
		sum, err := shop.Euro(a).Add(shop.Euro(b))
		if err != nil {
			return
		}
		back, err := sum.Sub(shop.Euro(b))
		if b != math.MinInt64 && (err != nil || back.Amount != a) {
			t.Errorf("%d + %d - %d = %v, %v", a, b, b, back, err)
		}
	})
}

func TestIDs(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_000)
	first, later := shop.NewID(at, [10]byte{255}), shop.NewID(at.Add(time.Millisecond), [10]byte{})
	if first >= later || first[14] != '7' || shop.CheckID(first) != nil {
		t.Errorf("ids %s and %s are not UUIDv7 in time order", first, later)
	}
	for _, bad := range []string{"", "x", first[1:] + "A", "0123456789abcdef0123456789abcdef0123"} {
		if shop.CheckID(bad) == nil {
			t.Errorf("%q passes for an id", bad)
		}
	}
	once, again := shop.SeedID(1, 2, 3), shop.SeedID(1, 2, 3)
	if once != again || once == shop.SeedID(2, 2, 3) || once >= shop.SeedID(1, 2, 4) {
		t.Error("seeded ids are not a function of their seed, or out of order")
	}
}
