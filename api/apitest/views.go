package apitest

import (
	"figlab/api/shopapi"
	"net/http"
	"testing"
)

// testView looks at product pages: each part says what its own operation says.
func (s *suite) testView(t *testing.T) {
	t.Parallel()
	u := s.newUser(t, "Vera")
	p, with := s.newProduct(t, "cup", 450, 12), s.newProduct(t, "saucer", 250, 12)
	s.refused(t, "getProductView", request{args: []string{nobody}}, http.StatusNotFound, "product-not-found")
	s.refused(t, "getProductView", request{args: []string{"not-an-id"}}, http.StatusBadRequest, "invalid-request")
	s.fill(t, u, p.Id, 2)
	s.fill(t, u, with.Id, 1)
	s.checkout(t, u, "tok_ok")
	at := request{args: []string{p.Id}}
	v := get[shopapi.ProductView](t, s, "getProductView", at)
	if v.Product.Id != p.Id || v.Product.Name != p.Name || v.Product.Price != p.Price {
		t.Errorf("the page of %+v shows %+v", p, v.Product)
	}
	if v.Stock == nil || *v.Stock != s.stock(t, p.Id) || v.Stock.Available != 10 {
		t.Errorf("2 of 12 were bought, the page shows %+v", v.Stock)
	}
	eventually(t, s.sees("recommendation"), "the page suggests what was bought together", func() bool {
		for _, r := range get[shopapi.ProductView](t, s, "getProductView", at).Recommendations {
			if r.ProductId == p.Id {
				t.Errorf("the page suggests itself")
			}
			if r.ProductId == with.Id {
				return r.Name == with.Name && r.Price == with.Price && r.Reason == shopapi.BoughtTogether
			}
		}
		return false
	})
}
