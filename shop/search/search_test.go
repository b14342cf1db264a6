package search_test

import (
	"errors"
	"figlab/shop"
	"figlab/shop/search"
	"slices"
	"testing"
)

func docs() []search.Document {
	return []search.Document{
		{Product: "1", Name: "Oak tray", Description: "A tray for tea", Category: "kitchen", Price: shop.Euro(900)},
		{Product: "2", Name: "Tea kettle", Description: "Boils", Category: "kitchen", Price: shop.Euro(3000)},
		{Product: "3", Name: "Teak bench", Description: "Sits outside", Category: "garden", Price: shop.Euro(30_000)},
	}
}

func TestAnswer(t *testing.T) {
	low, high := int64(1000), int64(5000)
	for _, c := range []struct {
		name  string
		q     search.Query
		want  []string
		total int64
	}{
		{"a word in the name before a prefix before the description", search.Query{Text: "tea", Limit: 9}, []string{"2", "3", "1"}, 3},
		{"all words must match", search.Query{Text: "tea tray", Limit: 9}, []string{"1"}, 1},
		{"category", search.Query{Text: "tea", Category: "garden", Limit: 9}, []string{"3"}, 1},
		{"price", search.Query{Text: "tea", MinPrice: &low, MaxPrice: &high, Limit: 9}, []string{"2"}, 1},
		{"cheapest", search.Query{Text: "tea", Sort: search.PriceAsc, Limit: 2}, []string{"1", "2"}, 3},
		{"nothing", search.Query{Text: "piano", Limit: 9}, nil, 0},
	} {
		terms, err := c.q.Check()
		if err != nil {
			t.Fatal(err)
		}
		r := search.Answer(c.q, terms, docs())
		var got []string
		for _, h := range r.Hits {
			got = append(got, string(h.Product))
		}
		if !slices.Equal(got, c.want) || r.Total != c.total {
			t.Errorf("%s: %v of %d, want %v of %d", c.name, got, r.Total, c.want, c.total)
		}
	}
}

func TestFacets(t *testing.T) {
	q := search.Query{Text: "tea", Category: "garden", Limit: 1}
	r := search.Answer(q, []string{"tea"}, docs())
	if want := []search.Count{{Value: "kitchen", Count: 2}, {Value: "garden", Count: 1}}; !slices.Equal(r.Categories, want) {
		t.Errorf("categories %v, want %v", r.Categories, want)
	}
	if want := []search.Count{{Value: "250+", Count: 1}}; !slices.Equal(r.Prices, want) {
		t.Errorf("prices %v, want %v", r.Prices, want)
	}
}

func TestBadQueries(t *testing.T) {
	low, high := int64(2), int64(1)
	if _, err := (search.Query{Text: "a", MinPrice: &low, MaxPrice: &high}).Check(); !errors.Is(err, search.ErrRange) {
		t.Errorf("from 2 to 1: %v", err)
	}
	if _, err := (search.Query{Text: " ?! "}).Check(); !errors.Is(err, search.ErrEmpty) {
		t.Errorf("no word: %v", err)
	}
}

// FuzzTerms: terms are distinct, bounded, and terms of themselves.
func FuzzTerms(f *testing.F) {
	f.Add("Tea, tea & Kaffee 42 — ΤΣΆΙ")
	f.Fuzz(func(t *testing.T, text string) {
		terms := search.Terms(text)
		if len(terms) > 8 {
			t.Fatalf("%d terms", len(terms))
		}
		for i, term := range terms {
			if slices.Contains(terms[:i], term) {
				t.Fatalf("%q comes twice in %q", term, terms)
			}
		}
	})
}
