package apitest

import (
	"figlab/api/shopapi"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// testFinding looks for three products by one word: cheap carries it as a word of its name, middle as the beginning of one, dear in its
// description alone. Age and price grow in this order.
func (s *suite) testFinding(t *testing.T) {
	t.Parallel()
	word := "vyx" + strings.ToLower(s.run)
	cheap := s.addProduct(t, shopapi.NewProduct{Name: "Plain " + word, Price: euros(100)}, 0).Id
	middle := s.addProduct(t, shopapi.NewProduct{Name: word + "ish bowl", Price: euros(200)}, 0).Id
	text := "Nearly as good as a " + word + "."
	dear := s.addProduct(t, shopapi.NewProduct{Name: "Copy", Description: &text, Price: euros(300)}, 0).Id
	find := func(more url.Values) shopapi.SearchResult {
		q := url.Values{"q": {word}}
		maps.Copy(q, more)
		return get[shopapi.SearchResult](t, s, "searchProducts", request{query: q})
	}
	eventually(t, s.sees("search"), "three new products are found", func() bool { return find(nil).Total == 3 })

	for _, c := range []struct {
		with url.Values
		want []string
	}{
		{nil, []string{cheap, middle, dear}},
		{url.Values{"sort": {"relevance"}}, []string{cheap, middle, dear}},
		{url.Values{"sort": {"price_asc"}}, []string{cheap, middle, dear}},
		{url.Values{"sort": {"price_desc"}}, []string{dear, middle, cheap}},
		{url.Values{"sort": {"newest"}}, []string{dear, middle, cheap}},
		{url.Values{"min_price": {"200"}}, []string{middle, dear}},
		{url.Values{"max_price": {"200"}}, []string{cheap, middle}},
		{url.Values{"min_price": {"200"}, "max_price": {"200"}}, []string{middle}},
		{url.Values{"min_price": {"150"}, "max_price": {"300"}, "sort": {"price_desc"}}, []string{dear, middle}},
		{url.Values{"min_price": {"201"}, "max_price": {"299"}}, nil},
		{url.Values{"max_price": {"0"}}, nil},
		{url.Values{"category": {"apitest"}, "min_price": {"101"}}, []string{middle, dear}},
		{url.Values{"category": {"nowhere"}}, nil},
	} {
		found(t, c.with, find(c.with), c.want)
	}
	if r := find(url.Values{"limit": {"2"}, "sort": {"price_asc"}}); r.Total != 3 || len(r.Items) != 2 || r.Items[1].ProductId != middle {
		t.Errorf("two of three: %+v", r)
	}
	s.reprice(t, cheap, 250)
	eventually(t, s.sees("search"), "a product is found at its new price", func() bool {
		r := find(url.Values{"min_price": {"250"}, "max_price": {"250"}})
		return r.Total == 1 && r.Items[0].ProductId == cheap && r.Items[0].Price.Amount == 250
	})
}

// found checks one answer: these hits in this order, counted as such.
func found(t *testing.T, asked url.Values, r shopapi.SearchResult, want []string) {
	t.Helper()
	var got []string
	for _, h := range r.Items {
		got = append(got, h.ProductId)
	}
	if !slices.Equal(got, want) || r.Total != int64(len(want)) {
		t.Errorf("with %v: %v of %d, want %v", asked, got, r.Total, want)
	}
	var n int64
	for _, f := range r.Facets.Price {
		n += f.Count
	}
	if n != r.Total {
		t.Errorf("with %v: the price facets count %d of %d", asked, n, r.Total)
	}
	best := asked.Get("sort") == "" || asked.Get("sort") == "relevance"
	if best && !slices.IsSortedFunc(r.Items, func(a, b shopapi.SearchHit) int { return int(b.Score - a.Score) }) {
		t.Errorf("with %v: scores do not fall: %+v", asked, r.Items)
	}
}

// testHostile sends text that a database may choke on: it may be refused, but must not break anything.
func (s *suite) testHostile(t *testing.T) {
	t.Parallel()
	u := s.newUser(t, "Hal")
	for _, text := range []string{"\x00", "a\x00b", "\xff\xfe", `"'); --`, `a & ! | :* ( "`, "%", "😀", strings.Repeat("é ", 90)} {
		for _, q := range []url.Values{{"q": {text}}, {"q": {"a"}, "category": {text}}} {
			s.survives(t, "searchProducts", request{query: q})
		}
		s.survives(t, "listProducts", request{query: url.Values{"category": {text}}})
		s.survives(t, "listProducts", request{query: url.Values{"after": {text}}})
		s.survives(t, "listOrders", request{as: u.token, query: url.Values{"after": {text}}})
		s.survives(t, "updateMe", request{as: u.token, body: shopapi.UserPatch{Name: &text}})
	}
}

func (s *suite) survives(t *testing.T, op string, r request) {
	t.Helper()
	if a := s.call(t, op, r); a.status >= http.StatusInternalServerError {
		t.Errorf("%s with %q %v answered %d: %s", op, r.query, r.body, a.status, a.body)
	}
}
