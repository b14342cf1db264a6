package warehouse

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/warehouseapi"
	"figlab/monolith/catalog"
	"figlab/monolith/platform/wire"
	"figlab/shop"
)

// suggested is how many products a page suggests.
const suggested = 10

// GetProductView returns what a product page shows: one process has all of it at hand.
func (h HTTP) GetProductView(
	ctx context.Context, r warehouseapi.GetProductViewRequestObject,
) (warehouseapi.GetProductViewResponseObject, error) {
	p, err := h.products.Product(ctx, shop.ProductID(r.Id))
	if err != nil {
		return nil, err
	}
	level, err := h.Stock(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	stock := toWire(level)
	out := warehouseapi.GetProductView200JSONResponse{Product: catalog.Wire(p), Stock: &stock}
	out.Recommendations, err = h.suggest(ctx, p.ID)
	return out, err
}

// suggest names what goes with a product, with one look at the catalog.
func (m *Module) suggest(ctx context.Context, p shop.ProductID) ([]shopapi.SuggestedProduct, error) {
	found, err := m.suggestions.For(ctx, "", p, suggested)
	if err != nil {
		return nil, err
	}
	ids := make([]shop.ProductID, len(found))
	for i, s := range found {
		ids[i] = s.Product
	}
	known, err := m.products.Lookup(ctx, nil, ids)
	if err != nil {
		return nil, err
	}
	out := make([]shopapi.SuggestedProduct, 0, len(found))
	for _, s := range found {
		if p, ok := known[s.Product]; ok {
			out = append(out, shopapi.SuggestedProduct{
				ProductId: string(p.ID), Name: p.Name, Price: wire.Money(p.Price), Reason: shopapi.RecommendationReason(s.Reason),
			})
		}
	}
	return out, nil
}
