package catalog_test

import (
	"context"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/internal/bus"
	"figlab/microservices/platform/host"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	rules "figlab/shop/catalog"
)

func url(h *host.Host, i int) string {
	return "http://" + h.Addr() + "/products/" + string(rules.SeedID(1, i))
}

func price(t *testing.T, h *host.Host, i int) int64 {
	t.Helper()
	var p shopapi.Product
	if status := call(t, "GET", url(h, i), "", nil, &p); status != 200 {
		t.Fatalf("GET product %d: %d", i, status)
	}
	return p.Price.Amount
}

func patch(amount int64) shopapi.ProductPatch {
	return shopapi.ProductPatch{Price: &shopapi.Price{Amount: amount, Currency: "EUR"}}
}

// told collects the changes that are told of, until the test ends.
func (s *stand) told(t *testing.T) func() []shopapi.Product {
	t.Helper()
	b, err := bus.Dial(deps(t, "listener"), s.broker)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	var mu sync.Mutex
	var all []shopapi.Product
	run(t, b.Consume("listener", []string{"shop.catalog.product-changed"}, func(_ context.Context, m bus.Message) error {
		var e internalapi.Event
		var p shopapi.Product
		if err := json.Unmarshal(m.Data, &e); err != nil || json.Unmarshal(e.Data, &p) != nil || e.Key != p.Id || e.Version != p.Version ||
			e.Schema != 1 || e.Origin != "app" {
			t.Errorf("told %s (%v)", m.Data, err)
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, p)
		return nil
	}).Run)
	return func() []shopapi.Product {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not in time: " + what)
		}
	}
}

// TestOwner: an owner seeds, takes the writes of admins, shows them at once, and tells of each.
func TestOwner(t *testing.T) {
	s := newStand(t, owns(t))
	told, admin, products := s.told(t), s.session(t, "admin"), "http://"+s.host.Addr()+"/products"
	fresh := shopapi.NewProduct{Sku: "NEW-1", Name: "New", Category: "new", Price: shopapi.Price{Amount: 500, Currency: "EUR"}, WeightGrams: 10}
	taken := fresh
	taken.Sku = rules.Seed(1, 3).SKU
	for _, c := range []struct {
		what, token string
		in          shopapi.NewProduct
		status      int
		code        string
	}{
		{"by nobody", "", fresh, 401, "unauthenticated"},
		{"by a customer", s.session(t, "customer"), fresh, 403, "forbidden"},
		{"of a SKU that is taken", admin, taken, 409, "sku-taken"},
	} {
		var code string
		if status := call(t, "POST", products, c.token, c.in, &code); status != c.status || code != c.code {
			t.Errorf("a product %s: %d %s, want %d %s", c.what, status, code, c.status, c.code)
		}
	}
	var categories shopapi.CategoryList
	count := func(name string) int64 {
		call(t, "GET", "http://"+s.host.Addr()+"/categories", "", nil, &categories)
		for _, c := range categories.Items {
			if c.Name == name {
				return c.Products
			}
		}
		return 0
	}
	if n := count("new"); n != 0 || len(categories.Items) == 0 {
		t.Errorf("at first %d new products in %v", n, categories.Items)
	}
	var p shopapi.Product
	if status := call(t, "POST", products, admin, fresh, &p); status != 201 || p.Version != 1 || !p.OnSale {
		t.Fatalf("created: %d %+v", status, p)
	}
	if n := count("new"); n != 1 {
		t.Errorf("%d new products after the first", n)
	}
	for i, amount := range []int64{700, 800} {
		call(t, "GET", products+"/"+p.Id, "", nil, &p)
		var after shopapi.Product
		match := fmt.Sprintf(`"%d"`, i+1)
		if status := call(t, "PATCH", products+"/"+p.Id, admin, patch(amount), &after, "If-Match", match); status != 200 || after.Price.Amount != amount {
			t.Errorf("changed: %d %+v", status, after)
		}
		call(t, "GET", products+"/"+p.Id, "", nil, &p)
		if p.Price.Amount != amount || p.Version != int64(i+2) {
			t.Errorf("after the change to %d it is shown at %d", amount, p.Price.Amount)
		}
	}
	var code string
	if status := call(t, "PATCH", products+"/"+p.Id, admin, patch(1), &code, "If-Match", `"1"`); status != 412 || code != "version-mismatch" {
		t.Errorf("a change of an old version: %d %s", status, code)
	}
	eventually(t, "three changes are told", func() bool { return len(told()) == 3 })
	for i, p := range told() {
		if p.Sku != "NEW-1" || p.Version != int64(i+1) {
			t.Errorf("told %d: %+v", i, p)
		}
	}
}

// TestFeedOfAnOwner: rows go out, made here; none come in.
func TestFeedOfAnOwner(t *testing.T) {
	s := newStand(t, owns(t))
	if _, status := s.feed(t, batch(event(0, 9))); status != 409 {
		t.Errorf("fed: %d", status)
	}
	if n := price(t, s.host, 0); n != rules.Seed(1, 0).Price.Amount {
		t.Errorf("product 0 costs %d", n)
	}
	var chunk internalapi.FeedChunk
	status := call(t, "GET", "http://"+s.host.AdminAddr()+"/feed/catalog", "test", nil, &chunk)
	if status != 200 || len(chunk.Events) != 20 || chunk.Events[0].Origin != "app" {
		t.Errorf("read: %d, %d rows", status, len(chunk.Events))
	}
}

// TestCopyRefusesWrites: they go to whoever owns the products, and the caller knows that nothing happened.
func TestCopyRefusesWrites(t *testing.T) {
	s := newStand(t)
	s.must(t, batch(event(0, 1)), 1, 0)
	r := httptest.NewRequest("PATCH", url(s.host, 0), strings.NewReader(`{"on_sale": false}`)).WithContext(t.Context())
	r.RequestURI = ""
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.session(t, "admin"))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 503 || resp.Header.Get("X-Not-Executed") != "1" {
		t.Errorf("a write: %d %v", resp.StatusCode, resp.Header)
	}
}

// TestChanges: see changes.
func TestChanges(t *testing.T) { changes(t, newStand(t, owns(t))) }

// changes: of replicas on one database no change is lost, of several that are based on one version one is made, and what one replica
// changes the other forgets.
func changes(t *testing.T, s *stand) {
	t.Helper()
	other, _ := s.replica(t, "catalog-2")
	admin, told := s.session(t, "admin"), s.told(t)
	eventually(t, "both are ready", func() bool {
		return call(t, "GET", "http://"+other.AdminAddr()+"/readyz", "", nil, nil) == 200
	})
	const each = 5
	var wg sync.WaitGroup
	won := make(chan bool, 2*each)
	for i := range 2 * each {
		at := []*host.Host{s.host, other}[i%2]
		wg.Go(func() {
			if status := call(t, "PATCH", url(at, 1), admin, patch(int64(100+i)), nil); status != 200 {
				t.Errorf("a change at once with others: %d", status)
			}
			won <- call(t, "PATCH", url(at, 2), admin, patch(int64(100+i)), nil, "If-Match", `"1"`) == 200
		})
	}
	wg.Wait()
	close(won)
	winners := 0
	for w := range won {
		if w {
			winners++
		}
	}
	var p shopapi.Product
	if call(t, "GET", url(s.host, 1), "", nil, &p); p.Version != 2*each+1 || winners != 1 {
		t.Errorf("after %d changes it is at version %d; of %d based on one version %d were made", 2*each, p.Version, 2*each, winners)
	}
	eventually(t, "all are told", func() bool { return len(told()) == 2*each+1 })
	price(t, other, 3)
	call(t, "PATCH", url(s.host, 3), admin, patch(12345), nil)
	if got := price(t, s.host, 3); got != 12345 {
		t.Errorf("whoever changed it shows %d", got)
	}
	eventually(t, "the other replica has heard of it", func() bool { return price(t, other, 3) == 12345 })
}

// TestInside: see inside.
func TestInside(t *testing.T) { inside(t, newStand(t, owns(t))) }

// inside: only services may ask, and only those that have to; they are told what is in the table.
func inside(t *testing.T, s *stand) {
	t.Helper()
	as := func(service string) string {
		signed, err := s.identity(t, service).Token("catalog")
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	lookup, find := "http://"+s.host.Addr()+"/internal/products/lookup", "http://"+s.host.Addr()+"/internal/products/find"
	ids := internalapi.ProductLookup{Ids: []string{string(rules.SeedID(1, 4)), string(rules.SeedID(2, 4)), string(rules.SeedID(1, 5))}}
	var all internalapi.FoundProducts
	for _, service := range []string{"cart", "wishlist", "ordertaking", "warehouse", "gateway"} {
		if status := call(t, "POST", lookup, "", ids, &all, "X-Service-Token", as(service)); status != 200 || len(all.Items) != 2 {
			t.Errorf("%s: %d %+v", service, status, all)
		}
	}
	for _, c := range []struct {
		what, method, at, service, code string
		status                          int
	}{
		{"nobody", "POST", lookup, "", "service-unknown", 401},
		{"search", "POST", lookup, "search", "service-may-not", 403},
		{"cart", "GET", find + "?q=oak", "cart", "service-may-not", 403},
		{"no word", "GET", find + "?q=%25", "gateway", "empty-query", 422},
		{"no price", "GET", find + "?q=x&min_price=2&max_price=1", "gateway", "price-range", 422},
	} {
		var code, signed string
		if c.service != "" {
			signed = as(c.service)
		}
		if status := call(t, c.method, c.at, "", ids, &code, "X-Service-Token", signed); status != c.status || code != c.code {
			t.Errorf("%s: %d %s, want %d %s", c.what, status, code, c.status, c.code)
		}
	}
	off := false
	call(t, "PATCH", url(s.host, 4), s.session(t, "admin"), shopapi.ProductPatch{OnSale: &off}, nil)
	call(t, "POST", lookup, "", ids, &all, "X-Service-Token", as("cart"))
	i := slices.IndexFunc(all.Items, func(p internalapi.FoundProduct) bool { return p.Id == ids.Ids[0] })
	p := rules.Seed(1, 4)
	want := internalapi.FoundProduct{
		Id: ids.Ids[0], Name: p.Name, Category: p.Category, Price: p.Price.Amount, Currency: "EUR", WeightGrams: int64(p.Weight), Version: 2,
	}
	if i < 0 || all.Items[i] != want {
		t.Errorf("looked up %+v, want %+v", all.Items, want)
	}
	finds(t, find, as("gateway"))
}

// finds: what is on sale and has all the words, within the bounds.
func finds(t *testing.T, find, signed string) {
	t.Helper()
	q := rules.Seed(1, 6)
	for what, c := range map[string]struct {
		more string
		want bool
	}{
		"by name":              {"", true},
		"in its category":      {"&category=" + q.Category, true},
		"in another":           {"&category=none", false},
		"within its price":     {fmt.Sprintf("&min_price=%d&max_price=%d", q.Price.Amount, q.Price.Amount), true},
		"above":                {fmt.Sprintf("&min_price=%d", q.Price.Amount+1), false},
		"below":                {fmt.Sprintf("&max_price=%d", q.Price.Amount-1), false},
		"and a word of no one": {"%20xyzzy", false},
	} {
		var all internalapi.FoundProducts
		at := fmt.Sprintf("%s?q=%d%%20%s%s", find, 106, rules.SeedWord(1, 6), c.more)
		status := call(t, "GET", at, "", nil, &all, "X-Service-Token", signed)
		has := slices.ContainsFunc(all.Items, func(p internalapi.FoundProduct) bool { return p.Id == string(q.ID) })
		if status != 200 || has != c.want || len(all.Items) > 1 {
			t.Errorf("found %s: %d %+v, want it %t", what, status, all.Items, c.want)
		}
	}
	var all internalapi.FoundProducts
	if call(t, "GET", find+"?q=10&limit=3", "", nil, &all, "X-Service-Token", signed); len(all.Items) != 3 {
		t.Errorf("%d where 3 are wanted", len(all.Items))
	}
	gone := rules.Seed(1, 4)
	call(t, "GET", fmt.Sprintf("%s?q=%d", find, 104), "", nil, &all, "X-Service-Token", signed)
	if slices.ContainsFunc(all.Items, func(p internalapi.FoundProduct) bool { return p.Id == string(gone.ID) }) {
		t.Error("what is off sale was found")
	}
}
