package search

import (
	"cmp"
	"figlab/shop"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// MaxCandidates bounds what a store retrieves for one query.
const MaxCandidates = 1000

// A Document is what can be found.
type Document struct {
	Product     shop.ProductID
	Name        string
	Description string
	Category    string
	Price       shop.Money
	Created     time.Time
}

// A Query as a shopper asks it.
type Query struct {
	Text     string
	Category string // empty: all
	MinPrice *int64 // minor units
	MaxPrice *int64
	Sort     Sort
	Limit    int
}

// A Sort orders hits.
type Sort string

// The orders.
const (
	Relevance Sort = "relevance"
	PriceAsc  Sort = "price_asc"
	PriceDesc Sort = "price_desc"
	Newest    Sort = "newest"
)

// A Hit is a document with how well it answers.
type Hit struct {
	Document
	Score int64
}

// A Count is one value of a facet.
type Count struct {
	Value string
	Count int64
}

// A Result is what a query finds.
type Result struct {
	Hits       []Hit
	Total      int64
	Categories []Count // most frequent first
	Prices     []Count // in price order
}

// Errors of the rules.
var (
	ErrRange = shop.NewError(shop.Invalid, "price-range", "min_price is above max_price")
	ErrEmpty = shop.NewError(shop.Invalid, "empty-query", "the query holds no word to look for")
)

// Terms returns the distinct words of a text: lower case, letters and digits only, at most eight.
func Terms(text string) (terms []string) {
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if !slices.Contains(terms, w) && len(terms) < 8 {
			terms = append(terms, w)
		}
	}
	return terms
}

// Check returns the terms of a query, or the rule it breaks.
func (q Query) Check() ([]string, error) {
	if q.MinPrice != nil && q.MaxPrice != nil && *q.MinPrice > *q.MaxPrice {
		return nil, ErrRange
	}
	terms := Terms(q.Text)
	if len(terms) == 0 {
		return nil, ErrEmpty
	}
	return terms, nil
}

// Score says how well a document answers the terms: a whole word in the name counts most, then a prefix there, the category, and the
// description; every term must appear as the prefix of some word, else the score is 0. Names that say little else win ties.
func Score(d Document, terms []string) int64 {
	name, description := Terms(d.Name), Terms(d.Description)
	var score int64
	for _, t := range terms {
		var s int64
		switch {
		case slices.Contains(name, t):
			s = 100
		case hasPrefix(name, t):
			s = 60
		case strings.HasPrefix(d.Category, t):
			s = 40
		}
		if hasPrefix(description, t) {
			s += 10
		}
		if s == 0 {
			return 0
		}
		score += s
	}
	if strings.Contains(strings.ToLower(d.Name), strings.Join(terms, " ")) {
		score += 50
	}
	return score - int64(min(len(name), 9))
}

func hasPrefix(words []string, prefix string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, prefix) })
}

// Answer filters, scores, orders and counts the candidates of a query. Facets count what the text and the price allow, whatever
// category was asked for, so that a shopper can change the category.
func Answer(q Query, terms []string, candidates []Document) Result {
	var r Result
	categories, prices := map[string]int64{}, map[string]int64{}
	for _, d := range candidates {
		score := Score(d, terms)
		if score == 0 || q.MinPrice != nil && d.Price.Amount < *q.MinPrice || q.MaxPrice != nil && d.Price.Amount > *q.MaxPrice {
			continue
		}
		categories[d.Category]++
		if q.Category != "" && d.Category != q.Category {
			continue
		}
		prices[bucket(d.Price.Amount)]++
		r.Hits = append(r.Hits, Hit{d, score})
	}
	r.Total = int64(len(r.Hits))
	slices.SortFunc(r.Hits, q.Sort.compare)
	r.Hits = r.Hits[:min(len(r.Hits), q.Limit)]
	for v, n := range categories {
		r.Categories = append(r.Categories, Count{v, n})
	}
	slices.SortFunc(r.Categories, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value)) })
	for _, b := range buckets() {
		if n := prices[b.name]; n > 0 {
			r.Prices = append(r.Prices, Count{b.name, n})
		}
	}
	return r
}

// compare orders two hits; the id breaks every tie, so that the order is total.
func (s Sort) compare(a, b Hit) int {
	tie := cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Product, b.Product))
	switch s {
	case PriceAsc:
		return cmp.Or(cmp.Compare(a.Price.Amount, b.Price.Amount), tie)
	case PriceDesc:
		return cmp.Or(cmp.Compare(b.Price.Amount, a.Price.Amount), tie)
	case Newest:
		return cmp.Or(b.Created.Compare(a.Created), tie)
	default:
		return tie
	}
}

func buckets() []struct {
	below int64
	name  string
} {
	return []struct {
		below int64
		name  string
	}{{1000, "0-10"}, {2500, "10-25"}, {5000, "25-50"}, {10_000, "50-100"}, {25_000, "100-250"}, {1 << 62, "250+"}}
}

func bucket(amount int64) string {
	for _, b := range buckets() {
		if amount < b.below {
			return b.name
		}
	}
	return fmt.Sprint(amount)
}
