package catalog

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/catalogapi"
	"figlab/monolith/platform/session"
	"figlab/monolith/platform/wire"
	"figlab/shop"
	"strconv"
	"strings"

	rules "figlab/shop/catalog"
)

// HTTP serves the contract's catalog operations.
type HTTP struct{ *Module }

var _ catalogapi.StrictServerInterface = HTTP{}

// Wire returns a product in the contract's shape.
func Wire(p rules.Product) shopapi.Product {
	return shopapi.Product{
		Id: string(p.ID), Sku: p.SKU, Name: p.Name, Description: p.Description, Category: p.Category, Price: wire.Money(p.Price),
		WeightGrams: int64(p.Weight), OnSale: p.OnSale, Version: p.Version, CreatedAt: p.Created, UpdatedAt: p.Updated,
	}
}

// GetProduct returns one product.
func (h HTTP) GetProduct(ctx context.Context, r catalogapi.GetProductRequestObject) (catalogapi.GetProductResponseObject, error) {
	p, err := h.Product(ctx, shop.ProductID(r.Id))
	if err != nil {
		return nil, err
	}
	return catalogapi.GetProduct200JSONResponse(Wire(p)), nil
}

// ListProducts returns a page.
func (h HTTP) ListProducts(ctx context.Context, r catalogapi.ListProductsRequestObject) (catalogapi.ListProductsResponseObject, error) {
	found, next, err := h.List(ctx, wire.Value(r.Params.Category), wire.Value(r.Params.After), wire.Limit(r.Params.Limit))
	if err != nil {
		return nil, err
	}
	out := catalogapi.ListProducts200JSONResponse{Items: make([]shopapi.Product, len(found)), Next: wire.Optional(next)}
	for i, p := range found {
		out.Items[i] = Wire(p)
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

// CreateProduct adds a product.
func (h HTTP) CreateProduct(
	ctx context.Context, r catalogapi.CreateProductRequestObject,
) (catalogapi.CreateProductResponseObject, error) {
	if err := session.Admin(ctx); err != nil {
		return nil, err
	}
	p, err := h.Create(ctx, rules.Product{
		SKU: r.Body.Sku, Name: r.Body.Name, Description: wire.Value(r.Body.Description), Category: r.Body.Category,
		Price: wire.Price(r.Body.Price), Weight: shop.Grams(r.Body.WeightGrams),
	})
	if err != nil {
		return nil, err
	}
	return catalogapi.CreateProduct201JSONResponse(Wire(p)), nil
}

// UpdateProduct changes a product.
func (h HTTP) UpdateProduct(
	ctx context.Context, r catalogapi.UpdateProductRequestObject,
) (catalogapi.UpdateProductResponseObject, error) {
	if err := session.Admin(ctx); err != nil {
		return nil, err
	}
	patch := rules.Patch{Name: r.Body.Name, Description: r.Body.Description, Category: r.Body.Category, OnSale: r.Body.OnSale}
	if r.Body.Price != nil {
		price := wire.Price(*r.Body.Price)
		patch.Price = &price
	}
	if r.Body.WeightGrams != nil {
		weight := shop.Grams(*r.Body.WeightGrams)
		patch.Weight = &weight
	}
	p, err := h.Change(ctx, shop.ProductID(r.Id), patch, version(r.Params.IfMatch))
	if err != nil {
		return nil, err
	}
	return catalogapi.UpdateProduct200JSONResponse(Wire(p)), nil
}

// version reads If-Match; the contract has checked its form.
func version(ifMatch *string) int64 {
	v, err := strconv.ParseInt(strings.Trim(wire.Value(ifMatch), `"`), 10, 64)
	if err != nil {
		return 0
	}
	return v
}
