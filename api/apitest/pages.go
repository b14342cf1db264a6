package apitest

import (
	"cmp"
	"figlab/api/shopapi"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// walk pages through a list to its end and returns the ids in the list's order. meanwhile is called between two pages.
func (s *suite) walk(t *testing.T, op string, r request, limit int, meanwhile func()) (ids []string) {
	t.Helper()
	q := maps.Clone(r.query)
	if q == nil {
		q = url.Values{}
	}
	q.Set("limit", itoa(limit))
	r.query = q
	for range 2000 {
		page := get[list](t, s, op, r)
		if len(page.Items) > limit || len(page.Items) < limit && page.Next != "" {
			t.Errorf("%s: a page of %d holds %d, its next is %q", op, limit, len(page.Items), page.Next)
		}
		for _, item := range page.Items {
			ids = append(ids, item.ID)
		}
		if page.Next == "" {
			return ids
		}
		q.Set("after", page.Next)
		meanwhile()
	}
	t.Fatalf("%s: a list without an end", op)
	return nil
}

// complete checks what a walk saw: in order, nothing twice, and all that was there when it began.
func complete(t *testing.T, op string, got, before []string, order func(a, b string) int) {
	t.Helper()
	if !slices.IsSortedFunc(got, order) {
		t.Errorf("%s: out of order: %v", op, got)
	}
	if len(slices.Compact(slices.Sorted(slices.Values(got)))) != len(got) {
		t.Errorf("%s: something comes twice: %v", op, got)
	}
	for _, id := range before {
		if !slices.Contains(got, id) {
			t.Errorf("%s: %s was left out: %v", op, id, got)
		}
	}
}

// times returns a function that does something the first n times it is called.
func times(n int, do func()) func() {
	return func() {
		if n--; n >= 0 {
			do()
		}
	}
}

func newestFirst(a, b string) int { return cmp.Compare(b, a) }

// testGrowing pages through lists that grow meanwhile.
func (s *suite) testGrowing(t *testing.T) {
	t.Parallel()
	s.testGrowingCatalog(t)
	u := s.newUser(t, "Gro")
	p := s.newProduct(t, "seed", 100, 40)
	buy := func() string { return s.order(t, u, p.Id, 1, "tok_ok").Id }
	var orders []string
	for range 5 {
		orders = append(orders, buy())
	}
	me := request{as: u.token}
	got := s.walk(t, "listOrders", me, 2, times(3, func() { buy() }))
	complete(t, "listOrders", got, orders, newestFirst)

	var told []string
	eventually(t, s.sees("notification"), "every order was confirmed", func() bool {
		told = s.walk(t, "listNotifications", me, 200, func() {})
		return len(told) >= len(orders)
	})
	got = s.walk(t, "listNotifications", me, 2, times(3, func() { buy() }))
	complete(t, "listNotifications", got, told, newestFirst)
}

func (s *suite) testGrowingCatalog(t *testing.T) {
	t.Helper()
	category := "apitest-" + strings.ToLower(s.run)
	add := func() string { return s.addProduct(t, shopapi.NewProduct{Name: "stone", Category: category}, 0).Id }
	var before []string
	for range 7 {
		before = append(before, add())
	}
	here := request{query: url.Values{"category": {category}}}
	eventually(t, s.sees("catalog"), "seven new products are listed", func() bool {
		return len(s.walk(t, "listProducts", here, 200, func() {})) == len(before)
	})
	for _, limit := range []int{1, 3, 7} {
		got := s.walk(t, "listProducts", here, limit, times(2, func() { add() }))
		complete(t, "listProducts", got, before, strings.Compare)
	}
	eventually(t, s.sees("catalog"), "the category counts what it lists", func() bool {
		n := int64(len(s.walk(t, "listProducts", here, 200, func() {})))
		all := get[shopapi.CategoryList](t, s, "listCategories", request{}).Items
		return slices.Contains(all, shopapi.Category{Name: category, Products: n})
	})
}
