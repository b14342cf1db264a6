package cart

import (
	"context"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/internalapi/cartsapi"
	"figlab/api/shopapi"
	"figlab/microservices/platform/host"
	"figlab/shop"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	rules "figlab/shop/cart"
)

// Inside serves what other services ask about carts.
type Inside struct{ *Cart }

var _ cartsapi.StrictServerInterface = Inside{}

// callers says who may ask what.
func callers() map[string][]string {
	return map[string][]string{
		"readCart": {string(shop.OrderTaking)}, "takeOrdered": {string(shop.OrderTaking)}, "addToCart": {string(shop.Wishlist)},
	}
}

func notAdded(next cartsapi.StrictHandlerFunc, _ string) cartsapi.StrictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		answer, err := next(c, request)
		untouched(c, err)
		return answer, err
	}
}

func contents(c rules.Cart) internalapi.CartContents {
	out := internalapi.CartContents{Items: make([]internalapi.Quantity, len(c.Items)), Version: c.Version}
	for i, item := range c.Items {
		out.Items[i] = internalapi.Quantity{ProductId: string(item.Product), Quantity: int64(item.Quantity)}
	}
	return out
}

// ReadCart tells what is in the shopper's cart: nobody else is asked for it.
func (i Inside) ReadCart(ctx context.Context, _ cartsapi.ReadCartRequestObject) (cartsapi.ReadCartResponseObject, error) {
	c, err := i.Contents(ctx, host.User(ctx))
	if err != nil {
		return nil, err
	}
	return cartsapi.ReadCart200JSONResponse(contents(c)), nil
}

// shown is a cart as the shop's contract has it.
type shown shopapi.Cart

// VisitAddToCartResponse writes it. The generated type would not: what it has for raw JSON is encoded as bytes.
func (s shown) VisitAddToCartResponse(w http.ResponseWriter) error {
	body, err := json.Marshal(shopapi.Cart(s))
	if err != nil {
		return fmt.Errorf("encode cart: %w", err)
	}
	w.Header().Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	w.WriteHeader(http.StatusOK)
	_, err = w.Write(body)
	return err //nolint:wrapcheck // the caller went away
}

// AddToCart puts one more of a product in.
func (i Inside) AddToCart(ctx context.Context, r cartsapi.AddToCartRequestObject) (cartsapi.AddToCartResponseObject, error) {
	v, err := i.Add(ctx, host.User(ctx), r.Body.Key, shop.ProductID(r.Body.ProductId))
	if err != nil {
		return nil, err
	}
	return shown(toWire(ctx, v)), nil
}

// TakeOrdered takes out what was ordered.
func (i Inside) TakeOrdered(ctx context.Context, r cartsapi.TakeOrderedRequestObject) (cartsapi.TakeOrderedResponseObject, error) {
	lines := make([]rules.Item, len(r.Body.Items))
	for n, item := range r.Body.Items {
		lines[n] = rules.Item{Product: shop.ProductID(item.ProductId), Quantity: shop.Quantity(item.Quantity)}
	}
	c, err := i.Ordered(ctx, host.User(ctx), shop.OrderID(r.Body.OrderId), lines)
	if err != nil {
		return nil, err
	}
	return cartsapi.TakeOrdered200JSONResponse(contents(c)), nil
}
