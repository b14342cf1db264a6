package cart

import (
	"context"
	"errors"
	"figlab/api/contract"
	"figlab/api/shopapi"
	"figlab/api/shopapi/cartapi"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/wire"
	"figlab/shop"

	"github.com/labstack/echo/v4"
)

// HTTP serves the contract's cart operations.
type HTTP struct{ *Cart }

var _ cartapi.StrictServerInterface = HTTP{}

// toWire returns a cart in the contract's shape, and marks the answer when its prices are old.
func toWire(ctx context.Context, v View) shopapi.Cart {
	if v.Old {
		host.Degrade(ctx, "prices")
	}
	out := shopapi.Cart{Items: make([]shopapi.CartItem, len(v.Lines)), Subtotal: wire.Money(v.Subtotal), Version: v.Version}
	for i, l := range v.Lines {
		out.Items[i] = shopapi.CartItem{
			ProductId: string(l.Product), Name: l.Name, Quantity: int64(l.Quantity),
			UnitPrice: wire.Money(l.Price), LineTotal: wire.Money(l.Total),
		}
	}
	return out
}

// untouched tells the caller that the cart was certainly not changed: the catalog is asked first.
func untouched(c echo.Context, err error) {
	if errors.Is(err, ErrNoCatalog) {
		c.Response().Header().Set(contract.NotExecuted, "1")
	}
}

func notExecuted(next cartapi.StrictHandlerFunc, _ string) cartapi.StrictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		answer, err := next(c, request)
		untouched(c, err)
		return answer, err
	}
}

// GetCart shows the caller's cart.
func (h HTTP) GetCart(ctx context.Context, _ cartapi.GetCartRequestObject) (cartapi.GetCartResponseObject, error) {
	v, err := h.Show(ctx, host.User(ctx))
	if err != nil {
		return nil, err
	}
	return cartapi.GetCart200JSONResponse(toWire(ctx, v)), nil
}

// ClearCart empties it.
func (h HTTP) ClearCart(ctx context.Context, _ cartapi.ClearCartRequestObject) (cartapi.ClearCartResponseObject, error) {
	v, err := h.Clear(ctx, host.User(ctx))
	if err != nil {
		return nil, err
	}
	return cartapi.ClearCart200JSONResponse(toWire(ctx, v)), nil
}

// PutCartItem sets a quantity.
func (h HTTP) PutCartItem(ctx context.Context, r cartapi.PutCartItemRequestObject) (cartapi.PutCartItemResponseObject, error) {
	v, err := h.Put(ctx, host.User(ctx), shop.ProductID(r.ProductId), shop.Quantity(r.Body.Quantity))
	if err != nil {
		return nil, err
	}
	return cartapi.PutCartItem200JSONResponse(toWire(ctx, v)), nil
}

// RemoveCartItem takes a product out.
func (h HTTP) RemoveCartItem(ctx context.Context, r cartapi.RemoveCartItemRequestObject) (cartapi.RemoveCartItemResponseObject, error) {
	v, err := h.Remove(ctx, host.User(ctx), shop.ProductID(r.ProductId))
	if err != nil {
		return nil, err
	}
	return cartapi.RemoveCartItem200JSONResponse(toWire(ctx, v)), nil
}
