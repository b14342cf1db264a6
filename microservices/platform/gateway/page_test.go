package gateway

import (
	"encoding/json"
	"figlab/api/contract"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	one = `{"id":"` + product + `","sku":"AAA","name":"Cup","description":"","category":"cups","price":{"amount":450,"currency":"EUR"},` +
		`"weight_grams":1,"on_sale":true,"version":3,"created_at":"2026-01-02T03:04:05.000006Z","updated_at":"2026-01-02T03:04:05Z"}`
	level = `{"product_id":"` + product + `","on_hand":12,"reserved":2,"available":10,"version":4}`
)

// another is a product that goes with the one.
func another(i int) string { return fmt.Sprintf("01900000-0000-7000-8000-%012d", i) }

func goesWith(n int) string {
	var r shopapi.Recommendations
	for i := range n {
		r.Items = append(r.Items, shopapi.Recommendation{ProductId: another(i), Score: int64(n - i), Reason: shopapi.BoughtTogether})
	}
	b, _ := json.Marshal(r)
	return string(b)
}

// A pages stand has the three services of a product page.
type pages struct {
	*stand
	catalog, warehouse, recommendation *fake
	product, stock, goes, names        http.HandlerFunc // nil: as it should be
}

func newPages(t *testing.T, also int) *pages {
	t.Helper()
	p := &pages{stand: newStand(t, 0), product: answers(200, one), stock: answers(200, level), goes: answers(200, goesWith(also))}
	p.names = func(w http.ResponseWriter, _ *http.Request) {
		var asked internalapi.ProductLookup
		p.catalog.mu.Lock()
		_ = json.Unmarshal([]byte(p.catalog.said[len(p.catalog.said)-1]), &asked)
		p.catalog.mu.Unlock()
		out := internalapi.FoundProducts{}
		for _, id := range asked.Ids {
			if id != another(1) { // which nobody knows any more
				out.Items = append([]internalapi.FoundProduct{{Id: id, Name: "N" + id[30:], Price: 250, Currency: "EUR"}}, out.Items...)
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out)
	}
	p.catalog = p.fake(t, "catalog", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			p.names(w, r)
		} else {
			p.product(w, r)
		}
	})
	p.warehouse = p.fake(t, "warehouse", func(w http.ResponseWriter, r *http.Request) { p.stock(w, r) })
	p.recommendation = p.fake(t, "recommendation", func(w http.ResponseWriter, r *http.Request) { p.goes(w, r) })
	return p
}

func (p *pages) page(t *testing.T) (answered, shopapi.ProductView) {
	t.Helper()
	a := p.ask(t, "GET", "/products/"+product+"/page", nil, "Authorization", p.signed(t, "ada"), contract.RequestID, "request-0001")
	checked(t, "getProductView", a)
	var v shopapi.ProductView
	if err := json.Unmarshal([]byte(a.body), &v); a.status == 200 && err != nil {
		t.Fatal(err)
	}
	return a, v
}

// TestPage: everything is there, in the order of the recommendations, without who asks; and all names came by one look.
func TestPage(t *testing.T) {
	p := newPages(t, 12)
	a, v := p.page(t)
	var whole shopapi.Product
	if err := json.Unmarshal([]byte(one), &whole); err != nil {
		t.Fatal(err)
	}
	if a.status != 200 || a.header.Get(contract.Degraded) != "" || a.header.Get(contract.ServedBy) != "gateway" ||
		a.header.Get(contract.RequestID) != "request-0001" || v.Product != whole || v.Stock == nil || v.Stock.Available != 10 {
		t.Errorf("%+v", a)
	}
	if len(v.Recommendations) != 9 || v.Recommendations[0].ProductId != another(0) || v.Recommendations[1].ProductId != another(2) ||
		v.Recommendations[1].Name != "N000002" || v.Recommendations[1].Price.Amount != 250 || v.Recommendations[1].Reason != "bought_together" {
		t.Errorf("it suggests %+v", v.Recommendations)
	}
	if p.catalog.count() != 2 || p.warehouse.count() != 1 || p.recommendation.count() != 1 {
		t.Errorf("asked %d, %d and %d times", p.catalog.count(), p.warehouse.count(), p.recommendation.count())
	}
	for _, f := range []*fake{p.catalog, p.warehouse, p.recommendation} {
		for _, r := range f.asked {
			if r.Header.Get("Authorization") != "" || r.Header.Get(contract.RequestID) != "request-0001" {
				t.Errorf("%s got %v", r.URL, r.Header)
			}
		}
	}
	if r := p.recommendation.last(t); r.URL.Query().Get("product_id") != product || r.URL.Query().Get("limit") != "10" {
		t.Errorf("asked for %s", r.RequestURI)
	}
}

// TestPageWithout: what does not answer is left out, named and counted.
func TestPageWithout(t *testing.T) {
	down, none := refuses("unavailable", "overloaded"), answers(200, "what?")
	for name, c := range map[string]struct {
		breaks  func(p *pages)
		lacks   string
		counted string
	}{
		"nothing":                      {func(p *pages) { p.goes = answers(200, `{"items":[]}`); p.names = down }, "", ""},
		"stock fails":                  {func(p *pages) { p.stock = down }, "stock", "warehouse"},
		"stock is not known":           {func(p *pages) { p.stock = refuses("not-found", "product-not-found") }, "stock", "warehouse"},
		"stock hangs":                  {func(p *pages) { p.stock = hangs }, "stock", "warehouse"},
		"stock makes no sense":         {func(p *pages) { p.stock = none }, "stock", "warehouse"},
		"stock is away":                {func(p *pages) { p.register("warehouse") }, "stock", "warehouse"},
		"recommendations fail":         {func(p *pages) { p.goes = down }, "recommendations", "recommendation"},
		"recommendations are away":     {func(p *pages) { p.register("recommendation") }, "recommendations", "recommendation"},
		"recommendations have no name": {func(p *pages) { p.names = down }, "recommendations", "catalog"},
		"both are away":                {func(p *pages) { p.register("warehouse"); p.register("recommendation") }, "stock,recommendations", "warehouse"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPages(t, 3)
			c.breaks(p)
			began := time.Now()
			a, v := p.page(t)
			if a.status != 200 || a.header.Get(contract.Degraded) != c.lacks || v.Product.Name != "Cup" || v.Recommendations == nil ||
				(v.Stock == nil) != strings.Contains(c.lacks, "stock") {
				t.Errorf("%+v", a)
			}
			if c.counted != "" && p.served(c.counted) != 1 {
				t.Errorf("%d fallbacks of %s", p.served(c.counted), c.counted)
			}
			if took := time.Since(began); took > 4*partWithin {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// TestNoPage: without the product there is none, and what the catalog says of it is the answer.
func TestNoPage(t *testing.T) {
	for code, says := range map[string]http.HandlerFunc{
		"product-not-found": refuses("not-found", "product-not-found"), "invalid-request": refuses("malformed", "invalid-request"),
		"overloaded": refuses("unavailable", "overloaded"), "no-instance": nil,
	} {
		p := newPages(t, 3)
		if p.product = says; says == nil {
			p.register("catalog")
		}
		p.stock = hangs // which must not be waited for
		a, _ := p.page(t)
		want := map[string]int{"product-not-found": 404, "invalid-request": 400}[code]
		if want == 0 {
			want = 503
		}
		if a.status != want || a.code() != code || a.header.Get(contract.Degraded) != "" || p.served("warehouse") != 0 {
			t.Errorf("%s: %+v", code, a)
		}
	}
}

// TestPageAsksAtOnce: no part of it waits for another.
func TestPageAsksAtOnce(t *testing.T) {
	p := newPages(t, 0)
	var all sync.WaitGroup
	all.Add(3)
	together := func(says http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			all.Done()
			all.Wait()
			says(w, r)
		}
	}
	p.product, p.stock, p.goes = together(p.product), together(p.stock), together(p.goes)
	if a, _ := p.page(t); a.status != 200 || a.header.Get(contract.Degraded) != "" {
		t.Errorf("%+v", a)
	}
}

// TestPageOfStrangeIds: what stands for the id arrives as it was written, and changes nothing else.
func TestPageOfStrangeIds(t *testing.T) {
	p := newPages(t, 0)
	for _, id := range []string{"a%3Fb%26limit=1", "a&limit=1", "a%2Fb", "..", "%25zz", "a%20b", "%FF"} {
		p.ask(t, "GET", "/products/"+id+"/page?x=y", nil)
		if got := p.catalog.last(t).RequestURI; got != "/products/"+id {
			t.Errorf("the catalog was asked %s for %s", got, id)
		}
		if got := p.warehouse.last(t).RequestURI; got != "/stock/"+id {
			t.Errorf("the warehouse was asked %s for %s", got, id)
		}
		if q := p.recommendation.last(t).URL.Query(); len(q["limit"]) != 1 || len(q["product_id"]) != 1 {
			t.Errorf("what goes with %s was asked as %v", id, q)
		}
	}
}
