package ordertaking_test

import (
	"encoding/json"
	"figlab/api/contract"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// A town is the siblings: carts, a catalog and shipping rates, which a test makes refuse, or break off.
type town struct {
	mu       sync.Mutex
	carts    map[string]internalapi.CartContents // by the shopper's token
	emptied  map[string]int                      // order → how often its cart was to be emptied
	products map[string]internalapi.FoundProduct
	says     map[string]error // path → what is answered instead
	lost     string           // path whose answers get lost after it has acted
	weight   string           // asked about last
}

func newTown() *town {
	t := &town{carts: map[string]internalapi.CartContents{}, emptied: map[string]int{}, says: map[string]error{}}
	t.products = map[string]internalapi.FoundProduct{}
	for i, name := range []string{"cup", "spoon", "saucer", "probe"} {
		t.products[id(name)] = internalapi.FoundProduct{
			Id: id(name), Name: name, Price: int64(100 * (i + 1)), Currency: "EUR", WeightGrams: int64(10 * (i + 1)), OnSale: true, Version: 1,
		}
	}
	return t
}

func (t *town) change(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	do()
}

// say makes a path answer err; nil makes it answer as usual.
func (t *town) say(path string, err error) {
	t.change(func() {
		if t.says[path] = err; err == nil {
			delete(t.says, path)
		}
	})
}

// fill puts so many of each product into a cart.
func (t *town) fill(who shopper, quantity int64, names ...string) {
	t.change(func() {
		c := t.carts[who.token]
		c.Version++
		c.Items = nil
		for _, name := range names {
			c.Items = append(c.Items, internalapi.Quantity{ProductId: id(name), Quantity: quantity})
		}
		t.carts[who.token] = c
	})
}

func (t *town) cart(who shopper) internalapi.CartContents {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.carts[who.token]
}

func (t *town) asked(order string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.emptied[order]
}

func (t *town) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.Header.Get(contract.ServiceToken) == "" {
		_ = problem.Write(w, problem.From(&problem.Error{Kind: "unauthenticated", Code: "no-service"}))
		return
	}
	if err := t.says[r.URL.Path]; err != nil {
		_ = problem.Write(w, problem.From(err))
		return
	}
	answer := t.act(r)
	if r.URL.Path == t.lost {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func (t *town) act(r *http.Request) any {
	user := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch r.URL.Path {
	case "/internal/cart":
		c := t.carts[user]
		c.Items = append([]internalapi.Quantity{}, c.Items...)
		return c
	case "/internal/cart/ordered":
		var ordered internalapi.CartOrdered
		_ = json.NewDecoder(r.Body).Decode(&ordered)
		c := t.carts[user]
		if t.emptied[ordered.OrderId]++; t.emptied[ordered.OrderId] == 1 {
			c.Version++
			c.Items = slices.DeleteFunc(slices.Clone(c.Items), func(q internalapi.Quantity) bool { return slices.Contains(ordered.Items, q) })
			t.carts[user] = c
		}
		return internalapi.CartContents{Items: []internalapi.Quantity{}, Version: c.Version}
	case "/internal/products/lookup":
		var asked internalapi.ProductLookup
		_ = json.NewDecoder(r.Body).Decode(&asked)
		found := slices.DeleteFunc(slices.Collect(maps.Values(t.products)), func(p internalapi.FoundProduct) bool {
			return !slices.Contains(asked.Ids, p.Id)
		})
		return internalapi.FoundProducts{Items: found}
	default:
		t.weight = r.URL.Query().Get("country") + " " + r.URL.Query().Get("weight")
		return shopapi.QuoteList{Items: []shopapi.Quote{{Days: 3, Service: shopapi.Standard, Price: shopapi.Money{Amount: 490, Currency: "EUR"}}}}
	}
}
