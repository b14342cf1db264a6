package wishlist_test

import (
	"context"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/internalapi/cartsapi"
	"figlab/api/internalapi/productsapi"
	"figlab/api/problem"
	"figlab/microservices/platform/host"
	"figlab/shop"
	"io"
	"net/http"
	"slices"
	"sync"
)

// A shelf is a catalog that the test fills, and takes away.
type shelf struct {
	mu      sync.Mutex
	goods   map[string]internalapi.FoundProduct
	away    bool
	lookups int
}

func (s *shelf) put(name string) (id string) {
	id = newID()
	s.change(func() {
		s.goods[id] = internalapi.FoundProduct{Id: id, Name: name, Category: "c", Price: 1, Currency: "EUR", WeightGrams: 1, OnSale: true, Version: 1}
	})
	return id
}

func (s *shelf) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// edit changes a product.
func (s *shelf) edit(id string, do func(*internalapi.FoundProduct)) {
	s.change(func() {
		p := s.goods[id]
		do(&p)
		s.goods[id] = p
	})
}

// LookupProducts implements productsapi.StrictServerInterface.
func (s *shelf) LookupProducts(
	_ context.Context, r productsapi.LookupProductsRequestObject,
) (productsapi.LookupProductsResponseObject, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookups++
	if s.away {
		return nil, shop.NewError(shop.Unavailable, "away", "closed")
	}
	out := productsapi.LookupProducts200JSONResponse{Items: []internalapi.FoundProduct{}}
	for id, p := range s.goods {
		if slices.Contains(r.Body.Ids, id) {
			out.Items = append(out.Items, p)
		}
	}
	return out, nil
}

// FindProducts implements productsapi.StrictServerInterface.
func (*shelf) FindProducts(context.Context, productsapi.FindProductsRequestObject) (productsapi.FindProductsResponseObject, error) {
	return nil, errors.New("nobody here looks for words")
}

// A trolley is a cart that remembers the keys it was asked under.
type trolley struct {
	mu     sync.Mutex
	keys   []string
	users  []string
	answer func(asked int) http.HandlerFunc // nil: success
}

func (c *trolley) change(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
}

// distinct is the number of keys.
func (c *trolley) distinct() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := map[string]bool{}
	for _, k := range c.keys {
		keys[k] = true
	}
	return len(keys)
}

type visit http.HandlerFunc

func (v visit) VisitAddToCartResponse(w http.ResponseWriter) error {
	v(w, nil)
	return nil
}

// cartJSON is a cart with a field that the contract of today does not have.
const cartJSON = `{"items":[],"subtotal":{"amount":0,"currency":"EUR"},"version":7,"gift_wrap":true}`

// AddToCart implements cartsapi.StrictServerInterface.
func (c *trolley) AddToCart(ctx context.Context, r cartsapi.AddToCartRequestObject) (cartsapi.AddToCartResponseObject, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys = append(c.keys, r.Body.Key)
	c.users = append(c.users, string(host.User(ctx)))
	if c.answer != nil {
		return visit(c.answer(len(c.keys))), nil
	}
	return visit(taken), nil
}

func taken(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, cartJSON)
}

// refusing answers with a problem.
func refusing(kind, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_ = problem.Write(w, problem.From(&problem.Error{Kind: kind, Code: code, Detail: code}))
	}
}

// ReadCart implements cartsapi.StrictServerInterface.
func (*trolley) ReadCart(context.Context, cartsapi.ReadCartRequestObject) (cartsapi.ReadCartResponseObject, error) {
	return nil, errors.New("a wishlist does not read carts")
}

// TakeOrdered implements cartsapi.StrictServerInterface.
func (*trolley) TakeOrdered(context.Context, cartsapi.TakeOrderedRequestObject) (cartsapi.TakeOrderedResponseObject, error) {
	return nil, errors.New("a wishlist orders nothing")
}
