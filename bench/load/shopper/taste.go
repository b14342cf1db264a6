package shopper

import (
	"figlab/shop"
	"figlab/shop/catalog"
	"math"
	"math/rand/v2"
	"sort"
)

// skew is the exponent of the popularity of products: the k-th most popular is asked for in proportion to k to the power of -skew. Traces
// of shops and web sites lie between 0.6 and 0.9.
const skew = 0.8

// A taste knows which products people want.
type taste struct {
	seed  uint64
	upTo  []float64 // share of the k+1 most popular products
	ranks []int     // number of the k-th most popular; popularity must not follow the order of ids
}

func newTaste(seed uint64, products int) *taste {
	t := &taste{seed: seed, upTo: make([]float64, products), ranks: source(seed, 0).Perm(products)}
	sum := 0.0
	for k := range t.upTo {
		sum += math.Pow(float64(k+1), -skew)
		t.upTo[k] = sum
	}
	for k := range t.upTo {
		t.upTo[k] /= sum
	}
	return t
}

// number returns the number of the product that a draw of 0 to 1 falls on.
func (t *taste) number(draw float64) int {
	k := sort.SearchFloat64s(t.upTo, draw)
	return t.ranks[min(k, len(t.ranks)-1)]
}

func (t *taste) product(draw float64) string { return string(catalog.SeedID(t.seed, t.number(draw))) }

func (t *taste) word(draw float64) string { return catalog.SeedWord(t.seed, t.number(draw)) }

// source returns the generator of one person, or of the crowd.
func source(seed uint64, who int) *rand.Rand {
	const load = 40 // apart from the numbers that seed the data
	return rand.New(rand.NewPCG(shop.Mix(seed, load, uint64(who), 1), shop.Mix(seed, load, uint64(who), 2)))
}
