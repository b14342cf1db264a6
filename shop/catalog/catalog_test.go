package catalog_test

import (
	"errors"
	"figlab/shop"
	"figlab/shop/catalog"
	"testing"
	"time"
)

func TestApply(t *testing.T) {
	p := catalog.Seed(1, 7)
	name, free, at := "Better", shop.Euro(0), time.Unix(9, 0)
	changed, err := p.Apply(catalog.Patch{Name: &name}, 1, at)
	if err != nil || changed.Name != name || changed.Version != 2 || !changed.Updated.Equal(at) || p.Version != 1 {
		t.Errorf("changed to %+v, %v", changed, err)
	}
	if _, err := changed.Apply(catalog.Patch{Name: &name}, 1, at); !errors.Is(err, catalog.ErrVersion) {
		t.Errorf("a stale change: %v", err)
	}
	if _, err := p.Apply(catalog.Patch{Price: &free}, 0, at); !errors.Is(err, catalog.ErrPrice) {
		t.Errorf("a free product: %v", err)
	}
}

func TestSeedIsRepeatableAndSound(t *testing.T) {
	var last shop.ProductID
	for i := range 2000 {
		p := catalog.Seed(42, i)
		if p != catalog.Seed(42, i) || p.ID != catalog.SeedID(42, i) || p.ID <= last {
			t.Fatalf("product %d is not a function of its seed, or out of order: %+v", i, p)
		}
		if err := errors.Join(p.Check(), shop.CheckID(string(p.ID))); err != nil {
			t.Fatalf("product %d: %v", i, err)
		}
		last = p.ID
	}
}
