package logistics_test

import (
	"errors"
	"figlab/shop"
	"figlab/shop/logistics"
	"testing"
)

// FuzzQuotes: sorted by price, never free, and no cheaper for more weight.
func FuzzQuotes(f *testing.F) {
	f.Add("PT", int64(500))
	f.Add("NZ", int64(1_000_000))
	f.Fuzz(func(t *testing.T, country string, grams int64) {
		grams %= 1_000_001
		quotes, err := logistics.Quotes(country, shop.Grams(grams))
		if grams <= 0 {
			if !errors.Is(err, logistics.ErrWeight) {
				t.Fatalf("%d g: %v", grams, err)
			}
			return
		}
		heavier, _ := logistics.Quotes(country, shop.Grams(grams+1000))
		for i, q := range quotes {
			if q.Price.Amount <= 0 || q.Days < 1 || heavier[i].Price.Amount < q.Price.Amount || i > 0 && q.Price.Amount < quotes[i-1].Price.Amount {
				t.Fatalf("%s, %d g: %+v, heavier %+v", country, grams, quotes, heavier)
			}
		}
	})
}

func TestRate(t *testing.T) {
	if q, err := logistics.Rate("PT", 1, logistics.Standard); err != nil || q.Price != shop.Euro(330) {
		t.Errorf("a letter at home: %+v, %v", q, err)
	}
	if _, err := logistics.Rate("PT", 1, "pigeon"); !errors.Is(err, logistics.ErrService) {
		t.Errorf("by pigeon: %v", err)
	}
}
