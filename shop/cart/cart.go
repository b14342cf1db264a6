package cart

import (
	"figlab/shop"
	"slices"
)

// MaxItems is how many different products a cart holds, MaxQuantity how many of one.
const (
	MaxItems    = 50
	MaxQuantity = 99
)

// An Item is one product in a cart. It holds no price: the catalog knows today's.
type Item struct {
	Product  shop.ProductID
	Quantity shop.Quantity
}

// A Cart is what a shopper is about to buy, in the order it was put in.
type Cart struct {
	Items   []Item
	Version int64 // grows by one with each change
}

// A Line is an item at today's price.
type Line struct {
	Item
	Name  string
	Price shop.Money
	Total shop.Money
}

// Errors of the rules.
var (
	ErrQuantity = shop.NewError(shop.Invalid, "invalid-quantity", "a cart takes 1 to 99 of a product")
	ErrFull     = shop.NewError(shop.Conflict, "cart-full", "a cart holds at most 50 different products")
	ErrEmpty    = shop.NewError(shop.Conflict, "empty-cart", "the cart is empty")
)

// Put sets the quantity of a product.
func (c Cart) Put(p shop.ProductID, q shop.Quantity) (Cart, error) {
	if q < 1 || q > MaxQuantity {
		return Cart{}, ErrQuantity
	}
	items := slices.Clone(c.Items)
	if i := c.find(p); i >= 0 {
		items[i].Quantity = q
	} else if items = append(items, Item{p, q}); len(items) > MaxItems {
		return Cart{}, ErrFull
	}
	return Cart{items, c.Version + 1}, nil
}

// Add puts one more of a product in.
func (c Cart) Add(p shop.ProductID) (Cart, error) {
	q := shop.Quantity(1)
	if i := c.find(p); i >= 0 {
		q += c.Items[i].Quantity
	}
	return c.Put(p, min(q, MaxQuantity))
}

// Remove takes a product out; taking out what is not in changes nothing.
func (c Cart) Remove(p shop.ProductID) Cart {
	if c.find(p) < 0 {
		return c
	}
	return Cart{slices.DeleteFunc(slices.Clone(c.Items), func(i Item) bool { return i.Product == p }), c.Version + 1}
}

// Clear empties the cart; clearing an empty one changes nothing.
func (c Cart) Clear() Cart {
	if len(c.Items) == 0 {
		return c
	}
	return Cart{nil, c.Version + 1}
}

func (c Cart) find(p shop.ProductID) int {
	return slices.IndexFunc(c.Items, func(i Item) bool { return i.Product == p })
}

// Price returns the line of an item at a price.
func Price(i Item, name string, price shop.Money) (Line, error) {
	total, err := price.Times(i.Quantity)
	return Line{i, name, price, total}, err
}

// Subtotal adds the lines.
func Subtotal(lines []Line) (shop.Money, error) {
	total := shop.Euro(0)
	for _, l := range lines {
		var err error
		if total, err = total.Add(l.Total); err != nil {
			return shop.Money{}, err
		}
	}
	return total, nil
}
