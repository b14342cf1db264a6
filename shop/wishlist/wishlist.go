package wishlist

import (
	"figlab/shop"
	"slices"
	"time"
)

// MaxWishes is how many products a wishlist holds.
const MaxWishes = 200

// A Wish is a product somebody may buy one day.
type Wish struct {
	Product shop.ProductID
	Added   time.Time
}

// Errors of the rules.
var (
	ErrFull      = shop.NewError(shop.Conflict, "wishlist-full", "a wishlist holds at most 200 products")
	ErrNotWished = shop.NewError(shop.NotFound, "not-wished", "the product is not on the wishlist")
)

// Add returns the wishes with a product; wishing twice changes nothing.
func Add(wishes []Wish, p shop.ProductID, at time.Time) ([]Wish, error) {
	switch {
	case Holds(wishes, p):
		return wishes, nil
	case len(wishes) >= MaxWishes:
		return nil, ErrFull
	}
	return append(slices.Clone(wishes), Wish{p, at}), nil
}

// Remove returns the wishes without a product.
func Remove(wishes []Wish, p shop.ProductID) []Wish {
	return slices.DeleteFunc(slices.Clone(wishes), func(w Wish) bool { return w.Product == p })
}

// Holds says whether a product is wished for.
func Holds(wishes []Wish, p shop.ProductID) bool {
	return slices.ContainsFunc(wishes, func(w Wish) bool { return w.Product == p })
}
