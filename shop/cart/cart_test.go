package cart_test

import (
	"errors"
	"figlab/shop"
	"figlab/shop/cart"
	"testing"
)

func TestCart(t *testing.T) {
	c, err := cart.Cart{}.Put("a", 2)
	if err != nil || c.Version != 1 {
		t.Fatal(c, err)
	}
	more, err := c.Add("a")
	if err != nil || more.Items[0].Quantity != 3 || c.Items[0].Quantity != 2 {
		t.Errorf("one more: %+v, %v; before %+v", more, err, c)
	}
	for _, q := range []shop.Quantity{0, -1, 100} {
		if _, err := c.Put("a", q); !errors.Is(err, cart.ErrQuantity) {
			t.Errorf("%d: %v", q, err)
		}
	}
	if same := c.Remove("b"); same.Version != c.Version {
		t.Error("removing what is not there is a change")
	}
	if empty := c.Remove("a").Clear(); len(empty.Items) != 0 || empty.Version != 2 {
		t.Errorf("emptied to %+v", empty)
	}
	full := cart.Cart{}
	for i := range cart.MaxItems {
		if full, err = full.Put(shop.ProductID(rune('A'+i)), 1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := full.Put("one more", 1); !errors.Is(err, cart.ErrFull) {
		t.Errorf("an overfull cart: %v", err)
	}
}
