package apitest

import (
	"figlab/api/shopapi"
	"net/http"
	"net/url"
	"testing"
)

func (s *suite) patch(t *testing.T, product string, p shopapi.ProductPatch) {
	t.Helper()
	get[shopapi.Product](t, s, "updateProduct", request{args: []string{product}, as: s.admin.token, body: p})
}

// reprice changes a product's price and waits until every reader knows.
func (s *suite) reprice(t *testing.T, product string, cents int64) {
	t.Helper()
	price := euros(cents)
	s.patch(t, product, shopapi.ProductPatch{Price: &price})
	eventually(t, s.sees("catalog"), "the new price can be read", func() bool {
		return get[shopapi.Product](t, s, "getProduct", request{args: []string{product}}).Price.Amount == cents
	})
}

// withdraw takes a product off sale and waits until every reader knows.
func (s *suite) withdraw(t *testing.T, product string) {
	t.Helper()
	off := false
	s.patch(t, product, shopapi.ProductPatch{OnSale: &off})
	eventually(t, s.sees("catalog"), "a product off sale can still be read", func() bool {
		return !get[shopapi.Product](t, s, "getProduct", request{args: []string{product}}).OnSale
	})
}

// testGone has products change their price and go off sale while they lie in carts and on wishlists.
func (s *suite) testGone(t *testing.T) {
	t.Parallel()
	u := s.newUser(t, "Gwen")
	stays, goes := s.newProduct(t, "mirror", 1000, 10), s.newProduct(t, "frame", 2000, 10)
	s.fill(t, u, stays.Id, 2)
	s.fill(t, u, goes.Id, 1)
	get[shopapi.Wishlist](t, s, "putWishlistItem", request{args: []string{goes.Id}, as: u.token})
	s.reprice(t, stays.Id, 1100)
	eventually(t, s.sees("cart"), "a cart shows today's price", func() bool {
		return get[shopapi.Cart](t, s, "getCart", request{as: u.token}).Subtotal.Amount == 2*1100+2000
	})
	s.withdraw(t, goes.Id)

	o := s.checkout(t, u, "tok_ok")
	if o.State != shopapi.OrderStateRejected || o.Reason == nil || *o.Reason != shopapi.NotForSale {
		t.Errorf("ordered what is off sale: %+v", o)
	}
	for _, p := range get[shopapi.PaymentList](t, s, "listPayments", request{as: u.token, query: url.Values{"order_id": {o.Id}}}).Items {
		t.Errorf("charged for what is off sale: %+v", p)
	}
	for _, p := range []string{stays.Id, goes.Id} {
		if left := s.stock(t, p); left.Available != 10 || left.Reserved != 0 {
			t.Errorf("an order of what is off sale keeps stock: %+v", left)
		}
	}
	s.told(t, u, o.Id, shopapi.OrderRejected)

	move := request{args: []string{goes.Id}, as: u.token}
	s.refused(t, "moveWishlistItemToCart", move, http.StatusConflict, "not-for-sale")
	s.wishes(t, u, 1)
	get[shopapi.Cart](t, s, "clearCart", request{as: u.token})
	if o := s.order(t, u, stays.Id, 1, "tok_ok"); o.State == shopapi.OrderStateRejected || o.Subtotal.Amount != 1100 {
		t.Errorf("what is still on sale: %+v", o)
	}
	s.testMoves(t)
}

func (s *suite) wishes(t *testing.T, u user, want int) {
	t.Helper()
	if w := get[shopapi.Wishlist](t, s, "getWishlist", request{as: u.token}); len(w.Items) != want {
		t.Errorf("%d wishes, want %d: %+v", len(w.Items), want, w)
	}
}

// testMoves moves a wish into a cart that holds the product already, and into one that is full of it.
func (s *suite) testMoves(t *testing.T) {
	t.Helper()
	u := s.newUser(t, "Mo")
	p := s.newProduct(t, "marble", 10, 500)
	wish, move := request{args: []string{p.Id}, as: u.token}, request{args: []string{p.Id}, as: u.token}
	s.fill(t, u, p.Id, 2)
	get[shopapi.Wishlist](t, s, "putWishlistItem", wish)
	c := get[shopapi.Cart](t, s, "moveWishlistItemToCart", move)
	if len(c.Items) != 1 || c.Items[0].Quantity != 3 || c.Subtotal.Amount != 30 {
		t.Errorf("2 and the wished one are %+v", c)
	}
	s.wishes(t, u, 0)
	s.refused(t, "moveWishlistItemToCart", move, http.StatusNotFound, "not-wished")

	s.fill(t, u, p.Id, 99)
	get[shopapi.Wishlist](t, s, "putWishlistItem", wish)
	c = get[shopapi.Cart](t, s, "moveWishlistItemToCart", move)
	if len(c.Items) != 1 || c.Items[0].Quantity != 99 {
		t.Errorf("99 are all a cart takes of a product: %+v", c)
	}
	s.wishes(t, u, 0)
}
