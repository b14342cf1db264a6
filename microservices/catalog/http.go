package catalog

import (
	"context"
	"errors"
	"figlab/api/contract"
	"figlab/api/shopapi"
	"figlab/api/shopapi/catalogapi"
	"figlab/microservices/platform/wire"
	"figlab/shop"

	"github.com/labstack/echo/v4"

	rules "figlab/shop/catalog"
)

// HTTP serves the contract's catalog operations.
type HTTP struct{ *Catalog }

var _ catalogapi.StrictServerInterface = HTTP{}

// ErrNotOwned is the answer to a write: the monolith owns the products.
var ErrNotOwned = shop.NewError(shop.Unavailable, "not-owned", "the monolith owns the products: it takes the writes")

// notExecuted tells the caller of a write that it certainly had no effect.
func notExecuted(next catalogapi.StrictHandlerFunc, _ string) catalogapi.StrictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		answer, err := next(c, request)
		if errors.Is(err, ErrNotOwned) {
			c.Response().Header().Set(contract.NotExecuted, "1")
		}
		return answer, err
	}
}

func toWire(p rules.Product) shopapi.Product {
	return shopapi.Product{
		Id: string(p.ID), Sku: p.SKU, Name: p.Name, Description: p.Description, Category: p.Category,
		Price:       shopapi.Money{Amount: p.Price.Amount, Currency: string(p.Price.Currency)},
		WeightGrams: int64(p.Weight), OnSale: p.OnSale, Version: p.Version, CreatedAt: p.Created, UpdatedAt: p.Updated,
	}
}

func fromWire(w shopapi.Product) rules.Product {
	return rules.Product{
		ID: shop.ProductID(w.Id), SKU: w.Sku, Name: w.Name, Description: w.Description, Category: w.Category,
		Price:  shop.Money{Amount: w.Price.Amount, Currency: shop.Currency(w.Price.Currency)},
		Weight: shop.Grams(w.WeightGrams), OnSale: w.OnSale, Version: w.Version, Created: w.CreatedAt, Updated: w.UpdatedAt,
	}
}

// GetProduct returns one product.
func (h HTTP) GetProduct(ctx context.Context, r catalogapi.GetProductRequestObject) (catalogapi.GetProductResponseObject, error) {
	p, err := h.Product(ctx, shop.ProductID(r.Id))
	if err != nil {
		return nil, err
	}
	return catalogapi.GetProduct200JSONResponse(toWire(p)), nil
}

// ListProducts returns a page.
func (h HTTP) ListProducts(ctx context.Context, r catalogapi.ListProductsRequestObject) (catalogapi.ListProductsResponseObject, error) {
	found, next, err := h.List(ctx, wire.Or(r.Params.Category, ""), wire.Or(r.Params.After, ""), wire.Limit(r.Params.Limit))
	if err != nil {
		return nil, err
	}
	out := catalogapi.ListProducts200JSONResponse{Items: make([]shopapi.Product, len(found)), Next: wire.Optional(next)}
	for i, p := range found {
		out.Items[i] = toWire(p)
	}
	return out, nil
}

// ListCategories returns all categories.
func (h HTTP) ListCategories(
	ctx context.Context, _ catalogapi.ListCategoriesRequestObject,
) (catalogapi.ListCategoriesResponseObject, error) {
	counts, err := h.Categories(ctx)
	if err != nil {
		return nil, err
	}
	out := catalogapi.ListCategories200JSONResponse{Items: make([]shopapi.Category, len(counts))}
	for i, c := range counts {
		out.Items[i] = shopapi.Category{Name: c.Category, Products: c.Count}
	}
	return out, nil
}

// CreateProduct refuses.
func (HTTP) CreateProduct(context.Context, catalogapi.CreateProductRequestObject) (catalogapi.CreateProductResponseObject, error) {
	return nil, ErrNotOwned
}

// UpdateProduct refuses.
func (HTTP) UpdateProduct(context.Context, catalogapi.UpdateProductRequestObject) (catalogapi.UpdateProductResponseObject, error) {
	return nil, ErrNotOwned
}
