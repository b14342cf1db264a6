package search

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/searchapi"
	"figlab/monolith/platform/wire"

	rules "figlab/shop/search"
)

// HTTP serves the contract's search operation.
type HTTP struct{ *Module }

var _ searchapi.StrictServerInterface = HTTP{}

// SearchProducts answers a query.
func (h HTTP) SearchProducts(ctx context.Context, r searchapi.SearchProductsRequestObject) (searchapi.SearchProductsResponseObject, error) {
	found, err := h.Find(ctx, rules.Query{
		Text: r.Params.Q, Category: wire.Value(r.Params.Category), MinPrice: r.Params.MinPrice, MaxPrice: r.Params.MaxPrice,
		Sort: rules.Sort(wire.Value(r.Params.Sort)), Limit: wire.Limit(r.Params.Limit),
	})
	if err != nil {
		return nil, err
	}
	out := searchapi.SearchProducts200JSONResponse{Items: make([]shopapi.SearchHit, len(found.Hits)), Total: found.Total}
	for i, hit := range found.Hits {
		out.Items[i] = shopapi.SearchHit{
			ProductId: string(hit.Product), Name: hit.Name, Category: hit.Category, Price: wire.Money(hit.Price), Score: hit.Score,
		}
	}
	out.Facets.Category, out.Facets.Price = facet(found.Categories), facet(found.Prices)
	return out, nil
}

func facet(counts []rules.Count) []shopapi.FacetCount {
	out := make([]shopapi.FacetCount, len(counts))
	for i, c := range counts {
		out[i] = shopapi.FacetCount{Value: c.Value, Count: c.Count}
	}
	return out
}
