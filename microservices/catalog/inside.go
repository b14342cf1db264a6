package catalog

import (
	"context"
	"figlab/api/internalapi"
	"figlab/api/internalapi/productsapi"
	"figlab/microservices/platform/wire"
	"figlab/shop"
	"slices"
	"strings"
	"unicode"

	rules "figlab/shop/catalog"
)

// Inside serves what other services ask. They decide by what they are told, so nothing here comes out of the cache.
type Inside struct{ *Catalog }

var _ productsapi.StrictServerInterface = Inside{}

// gateway is the front of the house, which is no capability.
const gateway = "gateway"

// callers says who may ask what.
func callers() map[string][]string {
	return map[string][]string{
		"lookupProducts": {string(shop.Cart), string(shop.Wishlist), string(shop.OrderTaking), string(shop.Warehouse), gateway},
		"findProducts":   {gateway},
	}
}

func found(products []rules.Product) internalapi.FoundProducts {
	out := internalapi.FoundProducts{Items: make([]internalapi.FoundProduct, len(products))}
	for i, p := range products {
		out.Items[i] = internalapi.FoundProduct{
			Id: string(p.ID), Name: p.Name, Category: p.Category, Price: p.Price.Amount, Currency: string(p.Price.Currency),
			WeightGrams: int64(p.Weight), OnSale: p.OnSale, Version: p.Version,
		}
	}
	return out
}

// LookupProducts returns the products of these ids that exist, on sale or not.
func (i Inside) LookupProducts(
	ctx context.Context, r productsapi.LookupProductsRequestObject,
) (productsapi.LookupProductsResponseObject, error) {
	products, err := i.Lookup(ctx, r.Body.Ids)
	if err != nil {
		return nil, err
	}
	return productsapi.LookupProducts200JSONResponse(found(products)), nil
}

// What is wrong with a query is said as the search would say it, for which this answers.
var (
	ErrNoWord = shop.NewError(shop.Invalid, "empty-query", "the query holds no word to look for")
	ErrRange  = shop.NewError(shop.Invalid, "price-range", "min_price is above max_price")
)

// FindProducts returns products on sale whose name holds all the words, by id: good enough while the search does not answer. It reads the
// whole table at worst, which is small.
func (i Inside) FindProducts(ctx context.Context, r productsapi.FindProductsRequestObject) (productsapi.FindProductsResponseObject, error) {
	q := query{
		words: words(r.Params.Q), category: wire.Or(r.Params.Category, ""),
		low: wire.Or(r.Params.MinPrice, 0), high: wire.Or(r.Params.MaxPrice, anyPrice), limit: wire.Limit(r.Params.Limit),
	}
	if q.low > q.high {
		return nil, ErrRange
	}
	if len(q.words) == 0 {
		return nil, ErrNoWord
	}
	products, err := search(i.db.Read(ctx), q)
	if err != nil {
		return nil, err
	}
	return productsapi.FindProducts200JSONResponse(found(products)), nil
}

const mostWords = 8

// words returns the words of a text as the search takes them: lower case, letters and digits only. So none holds what means something to
// LIKE.
func words(text string) []string {
	all := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(len(all), mostWords)]
}
