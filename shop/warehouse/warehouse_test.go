package warehouse_test

import (
	"errors"
	"figlab/shop"
	"figlab/shop/warehouse"
	"testing"
)

func TestApply(t *testing.T) {
	for _, c := range []struct {
		name string
		from warehouse.Stock
		move warehouse.Move
		q    shop.Quantity
		want warehouse.Stock
		err  error
	}{
		{"reserve", warehouse.Stock{OnHand: 5, Reserved: 1}, warehouse.Reserved, 4, warehouse.Stock{OnHand: 5, Reserved: 5}, nil},
		{"reserve too much", warehouse.Stock{OnHand: 5, Reserved: 1}, warehouse.Reserved, 5, warehouse.Stock{OnHand: 5, Reserved: 1}, warehouse.ErrShort},
		{"commit", warehouse.Stock{OnHand: 5, Reserved: 3}, warehouse.Committed, 3, warehouse.Stock{OnHand: 2}, nil},
		{"commit what is not reserved", warehouse.Stock{OnHand: 5}, warehouse.Committed, 1, warehouse.Stock{OnHand: 5}, warehouse.ErrReserved},
		{"release", warehouse.Stock{OnHand: 5, Reserved: 3}, warehouse.Released, 2, warehouse.Stock{OnHand: 5, Reserved: 1}, nil},
		{"restock", warehouse.Stock{}, warehouse.Restocked, 9, warehouse.Stock{OnHand: 9}, nil},
		{"nothing", warehouse.Stock{}, warehouse.Restocked, 0, warehouse.Stock{}, warehouse.ErrQuantity},
		{"too much", warehouse.Stock{OnHand: 1}, warehouse.Restocked, warehouse.MaxOnHand, warehouse.Stock{OnHand: 1}, warehouse.ErrTooMuch},
	} {
		got, err := c.from.Apply(c.move, c.q)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %+v, %v; want %+v, %v", c.name, got, err, c.want, c.err)
		}
	}
}

// FuzzStock: whatever is moved, 0 ≤ reserved ≤ on hand; a refused move changes nothing; reserve then release is identity.
func FuzzStock(f *testing.F) {
	f.Add([]byte{0, 9, 1, 4, 3, 2, 2, 2})
	f.Fuzz(func(t *testing.T, steps []byte) {
		var s warehouse.Stock
		moves := []warehouse.Move{warehouse.Restocked, warehouse.Reserved, warehouse.Released, warehouse.Committed}
		for i := 0; i+1 < len(steps); i += 2 {
			before := s
			next, err := s.Apply(moves[steps[i]%4], shop.Quantity(int8(steps[i+1])))
			if err != nil && next != before {
				t.Fatalf("a refused move changed %+v to %+v", before, next)
			}
			if s = next; s.Reserved < 0 || s.Reserved > s.OnHand {
				t.Fatalf("from %+v by %s %d to %+v", before, moves[steps[i]%4], steps[i+1], s)
			}
			if reserved, err := s.Apply(warehouse.Reserved, 1); err == nil {
				if back, err := reserved.Apply(warehouse.Released, 1); err != nil || back != s {
					t.Fatalf("reserve then release made %+v of %+v: %v", back, s, err)
				}
			}
		}
	})
}

func TestSeedIsScarceNowAndThen(t *testing.T) {
	scarce := 0
	for i := range 10_000 {
		q := warehouse.SeedStock(1, i)
		if warehouse.Scarce(1, i) {
			scarce++
			if q < 5 || q > 50 {
				t.Fatalf("scarce product %d has %d", i, q)
			}
		} else if q < 10_000 {
			t.Fatalf("product %d has %d", i, q)
		}
	}
	if scarce < 50 || scarce > 200 {
		t.Errorf("%d of 10,000 are scarce, want about 100", scarce)
	}
}
