package catalog

import (
	"context"
	"errors"
	"figlab/api/contract"
	"figlab/api/shopapi"
	"figlab/api/shopapi/catalogapi"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/wire"
	"figlab/shop"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	rules "figlab/shop/catalog"
)

// HTTP serves the contract's catalog operations.
type HTTP struct{ *Catalog }

var _ catalogapi.StrictServerInterface = HTTP{}

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
		Price: wire.Money(p.Price), WeightGrams: int64(p.Weight), OnSale: p.OnSale, Version: p.Version,
		CreatedAt: p.Created, UpdatedAt: p.Updated,
	}
}

func fromWire(w shopapi.Product) rules.Product {
	return rules.Product{
		ID: shop.ProductID(w.Id), SKU: w.Sku, Name: w.Name, Description: w.Description, Category: w.Category,
		Price:  shop.Money{Amount: w.Price.Amount, Currency: shop.Currency(w.Price.Currency)},
		Weight: shop.Grams(w.WeightGrams), OnSale: w.OnSale, Version: w.Version, Created: w.CreatedAt, Updated: w.UpdatedAt,
	}
}

// encoded is an answer that is ready to go out: nothing of it is built again for the next one who asks.
type encoded []byte

func (e encoded) write(w http.ResponseWriter) error {
	w.Header().Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(e)
	return err //nolint:wrapcheck // the caller went away
}

// VisitGetProductResponse writes it.
func (e encoded) VisitGetProductResponse(w http.ResponseWriter) error { return e.write(w) }

// VisitListCategoriesResponse writes it.
func (e encoded) VisitListCategoriesResponse(w http.ResponseWriter) error { return e.write(w) }

// GetProduct returns one product.
func (h HTTP) GetProduct(ctx context.Context, r catalogapi.GetProductRequestObject) (catalogapi.GetProductResponseObject, error) {
	body, err := h.kept.answer(ctx, productKey(r.Id), func(ctx context.Context) (any, error) {
		p, err := h.Product(ctx, shop.ProductID(r.Id))
		return toWire(p), err
	})
	if err != nil {
		return nil, err
	}
	return encoded(body), nil
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
	body, err := h.kept.answer(ctx, allCategories, func(ctx context.Context) (any, error) {
		counts, err := h.Categories(ctx)
		out := shopapi.CategoryList{Items: make([]shopapi.Category, len(counts))}
		for i, c := range counts {
			out.Items[i] = shopapi.Category{Name: c.Category, Products: c.Count}
		}
		return out, err
	})
	if err != nil {
		return nil, err
	}
	return encoded(body), nil
}

// CreateProduct adds a product.
func (h HTTP) CreateProduct(
	ctx context.Context, r catalogapi.CreateProductRequestObject,
) (catalogapi.CreateProductResponseObject, error) {
	if err := host.Admin(ctx); err != nil {
		return nil, err
	}
	p, err := h.Create(ctx, rules.Product{
		SKU: r.Body.Sku, Name: r.Body.Name, Description: wire.Or(r.Body.Description, ""), Category: r.Body.Category,
		Price: wire.Price(r.Body.Price), Weight: shop.Grams(r.Body.WeightGrams),
	})
	if err != nil {
		return nil, err
	}
	return catalogapi.CreateProduct201JSONResponse(toWire(p)), nil
}

// UpdateProduct changes a product.
func (h HTTP) UpdateProduct(
	ctx context.Context, r catalogapi.UpdateProductRequestObject,
) (catalogapi.UpdateProductResponseObject, error) {
	if err := host.Admin(ctx); err != nil {
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
	return catalogapi.UpdateProduct200JSONResponse(toWire(p)), nil
}

// version reads If-Match; the contract has checked its form.
func version(ifMatch *string) int64 {
	v, err := strconv.ParseInt(strings.Trim(wire.Or(ifMatch, ""), `"`), 10, 64)
	if err != nil {
		return 0
	}
	return v
}
