package cart_test

import (
	"context"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/internalapi/productsapi"
	"figlab/shop"
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

func (s *shelf) put(name string, price int64) (id string) {
	id = newID()
	s.change(func() {
		s.goods[id] = internalapi.FoundProduct{Id: id, Name: name, Category: "c", Price: price, Currency: "EUR", WeightGrams: 1, OnSale: true, Version: 1}
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
