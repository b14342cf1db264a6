package gateway

import (
	"encoding/json"
	"figlab/api/contract"
	"figlab/api/shopapi"
	"net/http"
	"testing"
)

// found is what the catalog answers in place of the search.
const found = `{"items":[` +
	`{"id":"01900000-0000-7000-8000-000000000001","name":"Oak cup","category":"cups","price":300,"currency":"EUR","weight_grams":1,"on_sale":true,"version":1},` +
	`{"id":"01900000-0000-7000-8000-000000000002","name":"Oak jug","category":"jugs","price":200,"currency":"EUR","weight_grams":1,"on_sale":true,"version":1}]}`

func prices(t *testing.T, a answered) (all []int64) {
	t.Helper()
	var r shopapi.SearchResult
	if err := json.Unmarshal([]byte(a.body), &r); err != nil || r.Total != int64(len(r.Items)) {
		t.Fatalf("%v in %s", err, a.body)
	}
	for _, h := range r.Items {
		all = append(all, h.Price.Amount)
	}
	return all
}

// TestSearchFallsBack: when the search is away or fails, the catalog finds what it can, and the answer says so.
func TestSearchFallsBack(t *testing.T) {
	for name, says := range map[string]http.HandlerFunc{"away": nil, "failing": refuses("unavailable", "overloaded"), "broken": aborts} {
		s := newStand(t, 0)
		if says != nil {
			s.fake(t, "search", says)
		}
		f := s.fake(t, "catalog", answers(200, found))
		a := checked(t, "searchProducts", s.ask(t, "GET", "/search?q=oak&limit=7&sort=newest", nil, contract.RequestID, "request-0001"))
		if got := prices(t, a); a.status != 200 || a.header.Get(contract.Degraded) != "search" || len(got) != 2 || got[0] != 300 ||
			a.header.Get(contract.ServedBy) != "gateway" || a.header.Get(contract.RequestID) != "request-0001" || s.served("search") != 1 {
			t.Errorf("%s: %+v, %d fallbacks", name, a, s.served("search"))
		}
		r := f.last(t)
		if r.URL.Path != "/internal/products/find" || r.URL.RawQuery != "q=oak&limit=7&sort=newest" || r.Method != "GET" ||
			r.Header.Get(contract.RequestID) != "request-0001" {
			t.Errorf("%s: the catalog was asked %s %s %v", name, r.Method, r.RequestURI, r.Header)
		}
	}
	s := newStand(t, 0)
	s.fake(t, "catalog", answers(200, found))
	for sort, first := range map[string]int64{"price_asc": 200, "price_desc": 300, "relevance": 300} {
		if got := prices(t, s.ask(t, "GET", "/search?q=oak&sort="+sort, nil)); got[0] != first {
			t.Errorf("by %s: %v", sort, got)
		}
	}
}

// TestSearchVerdicts: what the search says of a request is the answer; so is what the catalog says in its place. But when the catalog
// cannot help, the caller is told of the search.
func TestSearchVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		search, catalog http.HandlerFunc
		status          int
		code            string
	}{
		"the search refuses":          {refuses("invalid", "empty-query"), answers(200, found), 422, "empty-query"},
		"the catalog refuses":         {refuses("unavailable", "overloaded"), refuses("malformed", "invalid-request"), 400, "invalid-request"},
		"no word":                     {nil, refuses("invalid", "empty-query"), 422, "empty-query"},
		"the catalog fails":           {refuses("internal", "internal"), refuses("unavailable", "overloaded"), 500, "internal"},
		"both are away":               {nil, nil, 503, "no-instance"},
		"the catalog knows us not":    {nil, refuses("unauthenticated", "service-unknown"), 503, "no-instance"},
		"the catalog has no such way": {nil, refuses("not-found", "no-route"), 503, "no-instance"},
		"the catalog makes no sense":  {nil, answers(200, "what?"), 503, "no-instance"},
	} {
		s := newStand(t, 0)
		if c.search != nil {
			s.fake(t, "search", c.search)
		}
		if c.catalog != nil {
			s.fake(t, "catalog", c.catalog)
		}
		a := s.ask(t, "GET", "/search?q=oak", nil)
		if a.status != c.status || a.code() != c.code || a.header.Get(contract.Degraded) != "" || s.served("search") != 0 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if certain := a.header.Get(contract.NotExecuted) == "1"; certain != (c.code == "no-instance") {
			t.Errorf("%s: not executed %t", name, certain)
		}
	}
}

// TestRecommendationsFallBack: a page without any is still a page.
func TestRecommendationsFallBack(t *testing.T) {
	path := "/recommendations?product_id=" + product
	s := newStand(t, 0)
	for _, says := range []http.HandlerFunc{nil, refuses("internal", "internal"), aborts} {
		if says != nil {
			s.fake(t, "recommendation", says)
		}
		a := checked(t, "getRecommendations", s.ask(t, "GET", path, nil))
		if a.status != 200 || a.body != `{"items":[]}` || a.header.Get(contract.Degraded) != "recommendation" {
			t.Errorf("%+v", a)
		}
	}
	if n := s.served("recommendation"); n != 3 {
		t.Errorf("%d fallbacks", n)
	}
	s.fake(t, "recommendation", refuses("malformed", "invalid-request"))
	if a := s.ask(t, "GET", path, nil); a.status != 400 || a.header.Get(contract.Degraded) != "" {
		t.Errorf("what is wrong with a request: %+v", a)
	}
	if a := s.ask(t, "GET", path, nil, "Authorization", "Bearer a.b.c"); a.status != 401 {
		t.Errorf("a bad token: %+v", a)
	}
}

// TestNotAlone: a gateway that stands behind somebody who can answer in place of a service says that the service is away, and no more.
func TestNotAlone(t *testing.T) {
	s := newStand(t, 0)
	s.fake(t, "catalog", answers(200, found))
	g, err := build(s.calls, s.verify, Config{}, s.deps)
	if err != nil {
		t.Fatal(err)
	}
	s.Gateway = g
	for _, path := range []string{"/search?q=oak", "/recommendations", "/products/" + product + "/page"} {
		a := s.ask(t, "GET", path, nil)
		if a.status != http.StatusServiceUnavailable || a.header.Get(contract.NotExecuted) != "1" || a.header.Get(contract.Degraded) != "" {
			t.Errorf("GET %s is answered %d, not executed %q, degraded %q", path, a.status, a.header.Get(contract.NotExecuted), a.header.Get(contract.Degraded))
		}
	}
}
