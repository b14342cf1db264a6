package recommendation

import (
	"cmp"
	"figlab/shop"
	"slices"
)

// A Reason says where a suggestion comes from.
type Reason string

// The reasons, the best first.
const (
	BoughtTogether Reason = "bought_together"
	OwnHistory     Reason = "own_history"
	Popular        Reason = "popular"
)

// A Suggestion is a product somebody may like.
type Suggestion struct {
	Product shop.ProductID
	Score   int64
	Reason  Reason
}

// A Pair of products bought in one order.
type Pair struct{ A, B shop.ProductID }

// MaxPairs bounds the pairs one order adds.
const MaxPairs = 90

// Pairs returns all ordered pairs of the distinct products of an order, in a stable order.
func Pairs(products []shop.ProductID) (pairs []Pair) {
	distinct := slices.Compact(slices.Sorted(slices.Values(products)))
	for _, a := range distinct {
		for _, b := range distinct {
			if a != b && len(pairs) < MaxPairs {
				pairs = append(pairs, Pair{a, b})
			}
		}
	}
	return pairs
}

// Rank merges suggestions: of each product the one with the better reason stays, better reasons come first, then higher scores, then ids.
func Rank(suggestions []Suggestion, limit int) []Suggestion {
	sorted := slices.Clone(suggestions)
	slices.SortFunc(sorted, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(weight(a.Reason), weight(b.Reason)), cmp.Compare(b.Score, a.Score), cmp.Compare(a.Product, b.Product))
	})
	seen := map[shop.ProductID]bool{}
	sorted = slices.DeleteFunc(sorted, func(s Suggestion) bool {
		again := seen[s.Product]
		seen[s.Product] = true
		return again
	})
	return sorted[:min(limit, len(sorted))]
}

func weight(r Reason) int { return slices.Index([]Reason{BoughtTogether, OwnHistory, Popular}, r) }
