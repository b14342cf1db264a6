package shopper

import (
	"figlab/api/shopapi"
	"figlab/internal/history"
	"figlab/shop/catalog"
	"fmt"
	"net/http"
	"net/url"
)

// browsing are the operations that need no account.
func browsing() map[string]operation {
	return map[string]operation{
		"listProducts":   {method: http.MethodGet, ask: askList},
		"listCategories": {method: http.MethodGet, ask: at("/categories")},
		"getProduct": {method: http.MethodGet, ask: askProduct("/products/"), learn: decode(
			func(_ *Shopper, rec *history.Record, v shopapi.Product) { rec.Version = v.Version },
		)},
		"getStock": {method: http.MethodGet, ask: askProduct("/stock/"), learn: decode(noteStock)},
		"searchProducts": {method: http.MethodGet, ask: func(s *Shopper, _ *history.Record) request {
			return request{path: "/search?q=" + url.QueryEscape(s.crowd.taste.word(s.Roll()))}
		}},
		"getRecommendations": {method: http.MethodGet, mayAuth: true, ask: askProduct("/recommendations?product_id=")},
		"quoteShipping": {method: http.MethodGet, ask: func(s *Shopper, _ *history.Record) request {
			return request{path: fmt.Sprintf("/shipping/quotes?country=PT&weight=%d", 100+int(s.Roll()*5000))}
		}},
		"restock": {method: http.MethodPost, auth: true, learn: decode(noteStock), ask: func(s *Shopper, rec *history.Record) request {
			rec.Product, rec.Quantity, rec.Key = s.product(), 50+int64(s.Roll()*50), s.newKey()
			return request{path: "/stock/" + rec.Product + "/restock", body: shopapi.Restock{Quantity: rec.Quantity}}
		}},
	}
}

func askProduct(path string) func(*Shopper, *history.Record) request {
	return func(s *Shopper, rec *history.Record) request {
		rec.Product = s.product()
		return request{path: path + rec.Product}
	}
}

// askList opens the first page of all products, or of one category.
func askList(s *Shopper, _ *history.Record) request {
	categories := catalog.Categories()
	if i := int(s.Roll() * 2 * float64(len(categories))); i < len(categories) {
		return request{path: "/products?category=" + categories[i]}
	}
	return request{path: "/products"}
}

func noteStock(_ *Shopper, rec *history.Record, v shopapi.Stock) { rec.Version = v.Version }
