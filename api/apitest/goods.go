package apitest

import (
	"figlab/api/shopapi"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func itoa(n int) string { return strconv.Itoa(n) }

func (s *suite) testCatalog(t *testing.T) {
	t.Parallel()
	customer := s.newUser(t, "Cora")
	good := shopapi.NewProduct{
		Sku: "BAD-1", Name: "Bad", Category: "apitest", Price: shopapi.Price{Amount: 1, Currency: "EUR"}, WeightGrams: 1,
	}
	s.adminOnly(t, "createProduct", request{body: good}, customer)
	s.badBodies(t, "createProduct", request{as: s.admin.token, body: good}, map[string][]any{
		"sku": {missing, "lower", "A"}, "name": {missing, ""}, "category": {missing, "Not Kebab"}, "weight_grams": {missing, 0, 1.5},
		"price": {missing, 5, map[string]any{"amount": 0, "currency": "EUR"}, map[string]any{"amount": 1, "currency": "euro"}},
	})
	dollars := good
	dollars.Price.Currency = "USD"
	s.refused(t, "createProduct", request{as: s.admin.token, body: dollars}, http.StatusUnprocessableEntity, "currency-mismatch")

	p := s.newProduct(t, "lamp", 1234, 0)
	taken := good
	taken.Sku = p.Sku
	s.refused(t, "createProduct", request{as: s.admin.token, body: taken}, http.StatusConflict, "sku-taken")
	if p.Version != 1 || !p.OnSale || p.Price.Amount != 1234 {
		t.Errorf("created %+v", p)
	}
	s.refused(t, "getProduct", request{args: []string{nobody}}, http.StatusNotFound, "product-not-found")
	s.refused(t, "getProduct", request{args: []string{"not-an-id"}}, http.StatusBadRequest, "invalid-request")
	s.testPatch(t, p, customer)
	s.testPaging(t)
}

func (s *suite) testPatch(t *testing.T, p shopapi.Product, customer user) {
	t.Helper()
	price := shopapi.Price{Amount: 999, Currency: "EUR"}
	patch := shopapi.ProductPatch{Price: &price}
	at := []string{p.Id}
	s.adminOnly(t, "updateProduct", request{args: at, body: patch}, customer)
	s.badBodies(t, "updateProduct", request{args: at, as: s.admin.token, body: patch}, map[string][]any{"price": {missing, "cheap"}})
	s.refused(t, "updateProduct", request{args: []string{nobody}, as: s.admin.token, body: patch}, http.StatusNotFound, "product-not-found")
	changed := get[shopapi.Product](t, s, "updateProduct", request{
		args: at, as: s.admin.token, body: patch, header: map[string]string{"If-Match": `"1"`},
	})
	if changed.Version != 2 || changed.Price.Amount != 999 || changed.Name != p.Name {
		t.Errorf("changed to %+v", changed)
	}
	s.refused(t, "updateProduct", request{args: at, as: s.admin.token, body: patch, header: map[string]string{"If-Match": "1"}},
		http.StatusPreconditionFailed, "version-mismatch")
	eventually(t, s.sees("catalog"), "the new price can be read", func() bool {
		return get[shopapi.Product](t, s, "getProduct", request{args: at}).Version == 2
	})
}

// testPaging walks the list of one category with several page sizes: always the same products, in order, none twice.
func (s *suite) testPaging(t *testing.T) {
	t.Helper()
	categories := get[shopapi.CategoryList](t, s, "listCategories", request{})
	// What other tests add lies in categories of their own: this one must not change meanwhile.
	others := slices.DeleteFunc(categories.Items, func(c shopapi.Category) bool { return strings.HasPrefix(c.Name, "apitest") })
	smallest := slices.MinFunc(others, func(a, b shopapi.Category) int { return int(a.Products - b.Products) })
	var before []string
	for _, limit := range []int{1, 7, 200} {
		ids := s.allProducts(t, smallest.Name, limit)
		if before != nil && !slices.Equal(ids, before) {
			t.Errorf("pages of %d give %d products, others %d", limit, len(ids), len(before))
		}
		if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
			t.Errorf("pages of %d are out of order or overlap", limit)
		}
		before = ids
	}
	for _, bad := range []url.Values{{"limit": {"0"}}, {"limit": {"201"}}, {"limit": {"many"}}} {
		s.refused(t, "listProducts", request{query: bad}, http.StatusBadRequest, "invalid-request")
	}
	s.refused(t, "listProducts", request{query: url.Values{"after": {"elsewhere"}}}, http.StatusBadRequest, "invalid-cursor")
}

func (s *suite) allProducts(t *testing.T, category string, limit int) (ids []string) {
	t.Helper()
	q := url.Values{"limit": {itoa(limit)}, "category": {category}}
	for range 2000 {
		page := get[shopapi.ProductPage](t, s, "listProducts", request{query: q})
		for _, p := range page.Items {
			if p.Category != category {
				t.Errorf("%s in a list of %s", p.Category, category)
			}
			ids = append(ids, p.Id)
		}
		if page.Next == nil {
			return ids
		}
		q.Set("after", *page.Next)
	}
	t.Fatal("a list without an end")
	return nil
}

func (s *suite) testSearch(t *testing.T) {
	t.Parallel()
	word := "zyx" + strings.ToLower(s.run)
	cheap, dear := s.newProduct(t, word+" cheap", 100, 0), s.newProduct(t, word+" dear", 9900, 0)
	find := func(q url.Values) shopapi.SearchResult {
		t.Helper()
		return get[shopapi.SearchResult](t, s, "searchProducts", request{query: q})
	}
	ids := func(r shopapi.SearchResult) (out []string) {
		for _, h := range r.Items {
			out = append(out, h.ProductId)
		}
		return out
	}
	eventually(t, s.sees("search"), "two new products are found", func() bool { return find(url.Values{"q": {word}}).Total == 2 })
	for sort, want := range map[string][]string{
		"price_asc": {cheap.Id, dear.Id}, "price_desc": {dear.Id, cheap.Id}, "newest": {dear.Id, cheap.Id},
	} {
		if got := ids(find(url.Values{"q": {word}, "sort": {sort}})); !slices.Equal(got, want) {
			t.Errorf("sorted by %s: %v, want %v", sort, got, want)
		}
	}
	if got := ids(find(url.Values{"q": {word + " dear"}})); !slices.Equal(got, []string{dear.Id}) {
		t.Errorf("both words: %v", got)
	}
	if got := ids(find(url.Values{"q": {word}, "max_price": {"500"}})); !slices.Equal(got, []string{cheap.Id}) {
		t.Errorf("up to 5.00: %v", got)
	}
	r := find(url.Values{"q": {word}, "limit": {"1"}})
	if len(r.Items) != 1 || r.Total != 2 || len(r.Facets.Category) != 1 || r.Facets.Category[0].Count != 2 || len(r.Facets.Price) != 2 {
		t.Errorf("limited: %+v", r)
	}
	if r := find(url.Values{"q": {"nothing" + word}}); r.Total != 0 || r.Items == nil {
		t.Errorf("nothing found: %+v", r)
	}
	s.testUnfindable(t, word, dear)
	for _, bad := range []url.Values{{}, {"q": {""}}, {"q": {"a"}, "sort": {"random"}}, {"q": {"a"}, "min_price": {"-1"}}} {
		s.refused(t, "searchProducts", request{query: bad}, http.StatusBadRequest, "invalid-request")
	}
	s.refused(t, "searchProducts", request{query: url.Values{"q": {"a"}, "min_price": {"2"}, "max_price": {"1"}}},
		http.StatusUnprocessableEntity, "price-range")
	s.refused(t, "searchProducts", request{query: url.Values{"q": {"?!"}}}, http.StatusUnprocessableEntity, "empty-query")
}

// testUnfindable takes a product off sale: it can still be read, but no longer be found, listed or bought.
func (s *suite) testUnfindable(t *testing.T, word string, p shopapi.Product) {
	t.Helper()
	off := false
	get[shopapi.Product](t, s, "updateProduct", request{args: []string{p.Id}, as: s.admin.token, body: shopapi.ProductPatch{OnSale: &off}})
	eventually(t, s.sees("search"), "a product off sale is no longer found", func() bool {
		return get[shopapi.SearchResult](t, s, "searchProducts", request{query: url.Values{"q": {word}}}).Total == 1
	})
	eventually(t, s.sees("catalog"), "a product off sale can still be read", func() bool {
		return !get[shopapi.Product](t, s, "getProduct", request{args: []string{p.Id}}).OnSale
	})
	if slices.Contains(s.allProducts(t, p.Category, 200), p.Id) {
		t.Error("a product off sale is still listed")
	}
	u := s.newUser(t, "Sid")
	s.refused(t, "putCartItem", request{args: []string{p.Id}, as: u.token, body: shopapi.CartItemQuantity{Quantity: 1}},
		http.StatusConflict, "not-for-sale")
}

func (s *suite) testWarehouse(t *testing.T) {
	t.Parallel()
	customer := s.newUser(t, "Wanda")
	p := s.newProduct(t, "box", 100, 0)
	at := []string{p.Id}
	good := request{args: at, body: shopapi.Restock{Quantity: 5}, header: key("restock-" + p.Id)}
	s.adminOnly(t, "restock", good, customer)
	good.as = s.admin.token
	s.keyed(t, "restock", good)
	s.badBodies(t, "restock", good, map[string][]any{"quantity": {missing, 0, -1, 100_001, "five"}})
	s.refused(t, "getStock", request{args: []string{nobody}}, http.StatusNotFound, "product-not-found")

	if none := get[shopapi.Stock](t, s, "getStock", request{args: at}); none.OnHand != 0 || none.Available != 0 {
		t.Errorf("a new product has %+v", none)
	}
	for i := range 2 {
		a := s.call(t, "restock", good)
		if got := decode[shopapi.Stock](t, a); got.OnHand != 5 || (a.header.Get("Idempotent-Replayed") == "true") != (i == 1) {
			t.Errorf("restock %d: %+v, replayed %q", i+1, got, a.header.Get("Idempotent-Replayed"))
		}
	}
	other := good
	other.body = shopapi.Restock{Quantity: 6}
	s.refused(t, "restock", other, http.StatusConflict, "idempotency-key-reused")
	other.args = []string{nobody}
	s.refused(t, "restock", other, http.StatusNotFound, "product-not-found")
}

func (s *suite) testLogistics(t *testing.T) {
	t.Parallel()
	quote := func(country, grams string) []shopapi.Quote {
		t.Helper()
		q := url.Values{"country": {country}, "weight": {grams}}
		return get[shopapi.QuoteList](t, s, "quoteShipping", request{query: q}).Items
	}
	light, heavy, far := quote("PT", "100"), quote("PT", "20000"), quote("NZ", "100")
	if len(light) == 0 || light[0].Price.Amount <= 0 {
		t.Fatalf("quotes %+v", light)
	}
	for i := 1; i < len(light); i++ {
		if light[i].Price.Amount < light[i-1].Price.Amount {
			t.Errorf("quotes are not sorted: %+v", light)
		}
	}
	if heavy[0].Price.Amount < light[0].Price.Amount || far[0].Price.Amount < light[0].Price.Amount {
		t.Error("heavier or farther is cheaper")
	}
	for _, bad := range []url.Values{
		{}, {"country": {"PT"}}, {"country": {"Portugal"}, "weight": {"1"}}, {"country": {"PT"}, "weight": {"0"}},
	} {
		s.refused(t, "quoteShipping", request{query: bad}, http.StatusBadRequest, "invalid-request")
	}
	s.signedIn(t, "getShipment", request{args: []string{nobody}})
	u := s.newUser(t, "Lou")
	s.refused(t, "getShipment", request{args: []string{nobody}, as: u.token}, http.StatusNotFound, "shipment-not-found")
}
