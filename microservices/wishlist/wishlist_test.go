package wishlist_test

import (
	"encoding/json"
	"figlab/api/contract"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/microservices/wishlist"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
)

// TestWishlist: what a shopper does.
func TestWishlist(t *testing.T) {
	s := newStand(t, 1)
	r, who := s.at(0), s.user(t)
	sled, kite := s.catalog.put("sled"), s.catalog.put("kite")
	for _, id := range []string{sled, kite, sled} {
		if resp := r.wish(t, who, id); resp.StatusCode != 200 {
			t.Fatal(resp.Status)
		}
	}
	s.catalog.edit(kite, func(p *internalapi.FoundProduct) { p.Name, p.OnSale = "dragon", false })
	if names, degraded := r.names(t, who); !slices.Equal(names, []string{"sled", "dragon"}) || degraded != "" {
		t.Errorf("wished for %v, %q", names, degraded)
	}
	if names, _ := r.names(t, s.user(t)); len(names) != 0 {
		t.Errorf("somebody else wished for %v", names)
	}
	refused(t, 404, "product-not-found", func(out any) answer { return r.public(t, who, "PUT", "/wishlist/items/"+newID(), nil, out) })
	refused(t, 401, "unauthenticated", func(out any) answer { return r.call(t, nil, "GET", "/wishlist", nil, out) })
	for range 2 {
		var left shopapi.Wishlist
		r.public(t, who, "DELETE", "/wishlist/items/"+sled, nil, &left)
		if len(left.Items) != 1 || left.Items[0].ProductId != kite {
			t.Errorf("left with %+v", left)
		}
	}
}

// TestCatalogAway: wishes are shown and given up under the names last seen, but none is made.
func TestCatalogAway(t *testing.T) {
	s := newStand(t, 1)
	r, who := s.at(0), s.user(t)
	sled, kite := s.catalog.put("sled"), s.catalog.put("kite")
	r.wish(t, who, sled)
	r.wish(t, who, kite)
	s.catalog.edit(kite, func(p *internalapi.FoundProduct) { p.Name = "dragon" })
	r.names(t, who)
	s.catalog.edit(kite, func(p *internalapi.FoundProduct) { p.Name = "nobody has seen this" })
	s.catalog.change(func() { s.catalog.away = true })
	if names, degraded := r.names(t, who); !slices.Equal(names, []string{"sled", "dragon"}) || degraded != "names" {
		t.Errorf("without the catalog: %v, X-Degraded: %q", names, degraded)
	}
	resp := refused(t, 503, "catalog-unavailable", func(out any) answer { return r.public(t, who, "PUT", "/wishlist/items/"+sled, nil, out) })
	if resp.Header.Get(contract.NotExecuted) != "1" {
		t.Error("the refusal does not say that nothing was changed")
	}
	resp = r.public(t, who, "DELETE", "/wishlist/items/"+sled, nil, nil)
	if names, _ := r.names(t, who); resp.StatusCode != 200 || resp.Header.Get(contract.Degraded) != "names" || !slices.Equal(names, []string{"dragon"}) {
		t.Errorf("given up: %s, left %v", resp.Status, names)
	}
	if resp := r.move(t, who, kite, nil); resp.StatusCode != 200 {
		t.Errorf("moving, which is the cart's business: %s", resp.Status)
	}
	var report internalapi.CallReport
	admin := replica{s, s.replicas[0].AdminAddr()}
	admin.call(t, map[string]string{"Authorization": "Bearer test"}, "GET", "/calls", nil, &report)
	if len(report.Calls) != len(wishlist.Calls())+1 {
		t.Errorf("%d dependencies are shown, want those declared and the keys of tokens", len(report.Calls))
	}
}

// TestMove: the cart is asked as the shopper, and its answer is passed on as it is.
func TestMove(t *testing.T) {
	s := newStand(t, 1)
	r, who, kite := s.at(0), s.user(t), s.catalog.put("kite")
	refused(t, 404, "not-wished", func(out any) answer { return r.move(t, who, kite, out) })
	if n := s.cart.distinct(); n != 0 {
		t.Errorf("the cart was asked %d times for nothing", n)
	}
	r.wish(t, who, kite)
	var got json.RawMessage
	if resp := r.move(t, who, kite, &got); resp.StatusCode != 200 || string(got) != cartJSON {
		t.Errorf("moved: %s %s", resp.Status, got)
	}
	if names, _ := r.names(t, who); len(names) != 0 {
		t.Errorf("the wish is still there: %v", names)
	}
	if s.cart.users[len(s.cart.users)-1] == "" {
		t.Error("the cart does not know for whom")
	}
	r.wish(t, who, kite)
	r.move(t, who, kite, nil)
	if n := s.cart.distinct(); n != 2 {
		t.Errorf("two wishes were moved under %d keys", n)
	}
}

// TestMoveRefused: what the cart says is for the shopper, and the wish stays.
func TestMoveRefused(t *testing.T) {
	s := newStand(t, 1)
	r, who, kite := s.at(0), s.user(t), s.catalog.put("kite")
	r.wish(t, who, kite)
	for _, c := range []struct {
		answer    http.HandlerFunc
		status    int
		code      string
		untouched string
	}{
		{refusing("conflict", "not-for-sale"), 409, "not-for-sale", ""},
		{refusing("conflict", "cart-full"), 409, "cart-full", ""},
		{refusing("internal", "defect"), 500, "defect", ""},
		{func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(contract.NotExecuted, "1")
			refusing("unavailable", "catalog-unavailable")(w, r)
		}, 503, "catalog-unavailable", "1"},
	} {
		s.cart.change(func() { s.cart.answer = func(int) http.HandlerFunc { return c.answer } })
		resp := refused(t, c.status, c.code, func(out any) answer { return r.move(t, who, kite, out) })
		if got := resp.Header.Get(contract.NotExecuted); got != c.untouched {
			t.Errorf("%s: X-Not-Executed: %q, want %q", c.code, got, c.untouched)
		}
	}
	if names, _ := r.names(t, who); len(names) != 1 {
		t.Errorf("the wish is gone: %v", names)
	}
	s.cart.change(func() { s.cart.answer = nil })
	eventually(t, "the cart is asked again", func() bool { return r.move(t, who, kite, nil).StatusCode == 200 })
	if n := s.cart.distinct(); n != 1 {
		t.Errorf("one wish was moved under %d keys", n)
	}
}

// TestMoveBrokenOff: the cart has taken the wish in, but its answer is lost. Every try after that has the same key.
func TestMoveBrokenOff(t *testing.T) {
	s := newStand(t, 2)
	r, who, kite := s.at(0), s.user(t), s.catalog.put("kite")
	r.wish(t, who, kite)
	lost := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	s.cart.change(func() { s.cart.answer = func(int) http.HandlerFunc { return lost } })
	if resp := r.move(t, who, kite, nil); resp.StatusCode != 503 || resp.Header.Get(contract.NotExecuted) != "" {
		t.Errorf("moved without an answer: %s, X-Not-Executed: %q", resp.Status, resp.Header.Get(contract.NotExecuted))
	}
	s.cart.change(func() { s.cart.answer = nil })
	var moved atomic.Int32
	eventually(t, "the wish is moved", func() bool {
		together(4, func(i int) {
			if s.at(i%2).move(t, who, kite, nil).StatusCode == 200 {
				moved.Add(1)
			}
		})
		return moved.Load() > 0
	})
	if n := s.cart.distinct(); n != 1 {
		t.Errorf("one wish was moved under %d keys", n)
	}
	if names, _ := r.names(t, who); len(names) != 0 {
		t.Errorf("the wish is still there: %v", names)
	}
}

// TestMoveAndWishAgain: a wish made while the last one for the same product is being moved stays.
func TestMoveAndWishAgain(t *testing.T) {
	s := newStand(t, 1)
	r, who, kite := s.at(0), s.user(t), s.catalog.put("kite")
	r.wish(t, who, kite)
	s.cart.change(func() {
		s.cart.answer = func(int) http.HandlerFunc {
			r.public(t, who, "DELETE", "/wishlist/items/"+kite, nil, nil)
			r.wish(t, who, kite)
			return taken
		}
	})
	if resp := r.move(t, who, kite, nil); resp.StatusCode != 200 {
		t.Error(resp.Status)
	}
	if names, _ := r.names(t, who); len(names) != 1 {
		t.Errorf("the later wish is gone: %v", names)
	}
}

// TestFull: the last place goes to one of those who want it at once, at two replicas.
func TestFull(t *testing.T) { full(t, newStand(t, 2)) }

// TestFullOnPostgres is the same on the other store, where writers do not queue.
func TestFullOnPostgres(t *testing.T) { full(t, newStand(t, 2, onPostgres(t))) }

func full(t *testing.T, s *stand) {
	t.Helper()
	who := s.user(t)
	for i := range 199 {
		if resp := s.at(i%2).wish(t, who, s.catalog.put("wish "+strconv.Itoa(i))); resp.StatusCode != 200 {
			t.Fatal(resp.Status)
		}
	}
	var products []string
	for range 6 {
		products = append(products, s.catalog.put("the last"))
	}
	var ok, fully atomic.Int32
	together(6, func(i int) {
		switch resp := s.at(i%2).wish(t, who, products[i]); resp.StatusCode {
		case 200:
			ok.Add(1)
		case 409:
			fully.Add(1)
		default:
			t.Error(resp.Status)
		}
	})
	if names, _ := s.at(0).names(t, who); len(names) != 200 || ok.Load() != 1 || fully.Load() != 5 {
		t.Errorf("%d got the last place, %d did not, %d wishes are there", ok.Load(), fully.Load(), len(names))
	}
	newcomer := s.user(t)
	together(4, func(i int) { s.at(i%2).wish(t, newcomer, products[0]) })
	if names, _ := s.at(0).names(t, newcomer); len(names) != 1 {
		t.Errorf("four wishes for one product are %d", len(names))
	}
}
