package apitest

import (
	"figlab/api/shopapi"
	"net/http"
	"net/url"
	"testing"
)

func (s *suite) testCart(t *testing.T) {
	t.Parallel()
	u := s.newUser(t, "Carl")
	a, b := s.newProduct(t, "cup", 250, 5), s.newProduct(t, "plate", 775, 5)
	for op, r := range map[string]request{
		"getCart": {}, "clearCart": {}, "removeCartItem": {args: []string{a.Id}},
		"putCartItem": {args: []string{a.Id}, body: shopapi.CartItemQuantity{Quantity: 1}},
	} {
		s.signedIn(t, op, r)
	}
	put := request{args: []string{a.Id}, as: u.token, body: shopapi.CartItemQuantity{Quantity: 3}}
	s.badBodies(t, "putCartItem", put, map[string][]any{"quantity": {missing, 0, 100, "one"}})
	s.refused(t, "putCartItem", request{args: []string{nobody}, as: u.token, body: put.body}, http.StatusNotFound, "product-not-found")

	empty := get[shopapi.Cart](t, s, "getCart", request{as: u.token})
	if len(empty.Items) != 0 || empty.Subtotal.Amount != 0 {
		t.Errorf("a new cart holds %+v", empty)
	}
	one := get[shopapi.Cart](t, s, "putCartItem", put)
	put.args, put.body = []string{b.Id}, shopapi.CartItemQuantity{Quantity: 2}
	two := get[shopapi.Cart](t, s, "putCartItem", put)
	if want := int64(3*250 + 2*775); two.Subtotal.Amount != want || len(two.Items) != 2 || two.Items[0].LineTotal.Amount != 750 {
		t.Errorf("two products cost %+v, want %d", two, want)
	}
	put.body = shopapi.CartItemQuantity{Quantity: 1}
	less := get[shopapi.Cart](t, s, "putCartItem", put)
	gone := get[shopapi.Cart](t, s, "removeCartItem", request{args: []string{a.Id}, as: u.token})
	same := get[shopapi.Cart](t, s, "removeCartItem", request{args: []string{a.Id}, as: u.token})
	if len(gone.Items) != 1 || gone.Subtotal.Amount != 775 || same.Version != gone.Version {
		t.Errorf("removed twice: %+v, %+v", gone, same)
	}
	if one.Version >= two.Version || two.Version >= less.Version || less.Version >= gone.Version {
		t.Errorf("versions %d %d %d %d do not grow", one.Version, two.Version, less.Version, gone.Version)
	}
	if c := get[shopapi.Cart](t, s, "clearCart", request{as: u.token}); len(c.Items) != 0 {
		t.Errorf("cleared to %+v", c)
	}
}

func (s *suite) testWishlist(t *testing.T) {
	t.Parallel()
	u := s.newUser(t, "Will")
	a, b := s.newProduct(t, "sled", 5000, 5), s.newProduct(t, "kite", 1500, 5)
	for op, r := range map[string]request{
		"getWishlist": {}, "putWishlistItem": {args: []string{a.Id}}, "removeWishlistItem": {args: []string{a.Id}},
		"moveWishlistItemToCart": {args: []string{a.Id}},
	} {
		s.signedIn(t, op, r)
	}
	s.refused(t, "putWishlistItem", request{args: []string{nobody}, as: u.token}, http.StatusNotFound, "product-not-found")
	s.refused(t, "moveWishlistItemToCart", request{args: []string{a.Id}, as: u.token}, http.StatusNotFound, "not-wished")
	for _, id := range []string{a.Id, b.Id, a.Id} {
		get[shopapi.Wishlist](t, s, "putWishlistItem", request{args: []string{id}, as: u.token})
	}
	w := get[shopapi.Wishlist](t, s, "getWishlist", request{as: u.token})
	if len(w.Items) != 2 || w.Items[0].ProductId != a.Id || w.Items[0].Name != a.Name {
		t.Fatalf("wished for two, got %+v", w)
	}
	c := get[shopapi.Cart](t, s, "moveWishlistItemToCart", request{args: []string{a.Id}, as: u.token})
	if len(c.Items) != 1 || c.Items[0].Quantity != 1 {
		t.Errorf("moved into %+v", c)
	}
	for range 2 {
		if w := get[shopapi.Wishlist](t, s, "removeWishlistItem", request{args: []string{b.Id}, as: u.token}); len(w.Items) != 0 {
			t.Errorf("left with %+v", w)
		}
	}
}

func (s *suite) testRecommendation(t *testing.T) {
	t.Parallel()
	u := s.newUser(t, "Rita")
	a, b, c := s.newProduct(t, "tea", 300, 9), s.newProduct(t, "pot", 900, 9), s.newProduct(t, "spoon", 200, 9)
	s.fill(t, u, a.Id, 1)
	s.fill(t, u, b.Id, 1)
	s.checkout(t, u, "tok_ok")
	suggested := func(as, product string) map[string]shopapi.RecommendationReason {
		t.Helper()
		q := url.Values{"limit": {"100"}}
		if product != "" {
			q.Set("product_id", product)
		}
		out := map[string]shopapi.RecommendationReason{}
		for _, r := range get[shopapi.Recommendations](t, s, "getRecommendations", request{as: as, query: q}).Items {
			out[r.ProductId] = r.Reason
		}
		return out
	}
	eventually(t, s.sees("recommendation"), "what was bought together is recommended", func() bool {
		got := suggested("", a.Id)
		_, stranger := got[c.Id]
		_, self := got[a.Id]
		return got[b.Id] == shopapi.BoughtTogether && !stranger && !self
	})
	if got := suggested(u.token, "")[b.Id]; got != shopapi.OwnHistory {
		t.Errorf("the buyer's own history says %q", got)
	}
	for _, reason := range suggested("", "") {
		if reason != shopapi.Popular {
			t.Errorf("a stranger is told %q", reason)
		}
	}
	s.refused(t, "getRecommendations", request{as: "garbage"}, http.StatusUnauthorized, "unauthenticated")
	s.refused(t, "getRecommendations", request{query: url.Values{"product_id": {"x"}}}, http.StatusBadRequest, "invalid-request")
}
