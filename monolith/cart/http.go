package cart

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/cartapi"
	"figlab/monolith/platform/session"
	"figlab/monolith/platform/wire"
	"figlab/shop"
)

// HTTP serves the contract's cart operations.
type HTTP struct{ *Module }

var _ cartapi.StrictServerInterface = HTTP{}

// Wire returns a cart in the contract's shape.
func (v View) Wire() shopapi.Cart {
	out := shopapi.Cart{Items: make([]shopapi.CartItem, len(v.Lines)), Subtotal: wire.Money(v.Subtotal), Version: v.Version}
	for i, l := range v.Lines {
		out.Items[i] = shopapi.CartItem{
			ProductId: string(l.Product), Name: l.Name, Quantity: int64(l.Quantity),
			UnitPrice: wire.Money(l.Price), LineTotal: wire.Money(l.Total),
		}
	}
	return out
}

// GetCart shows the caller's cart.
func (h HTTP) GetCart(ctx context.Context, _ cartapi.GetCartRequestObject) (cartapi.GetCartResponseObject, error) {
	v, err := h.Show(ctx, session.User(ctx))
	if err != nil {
		return nil, err
	}
	return cartapi.GetCart200JSONResponse(v.Wire()), nil
}

// ClearCart empties it.
func (h HTTP) ClearCart(ctx context.Context, _ cartapi.ClearCartRequestObject) (cartapi.ClearCartResponseObject, error) {
	v, err := h.Clear(ctx, session.User(ctx))
	if err != nil {
		return nil, err
	}
	return cartapi.ClearCart200JSONResponse(v.Wire()), nil
}

// PutCartItem sets a quantity.
func (h HTTP) PutCartItem(ctx context.Context, r cartapi.PutCartItemRequestObject) (cartapi.PutCartItemResponseObject, error) {
	v, err := h.Put(ctx, session.User(ctx), shop.ProductID(r.ProductId), shop.Quantity(r.Body.Quantity))
	if err != nil {
		return nil, err
	}
	return cartapi.PutCartItem200JSONResponse(v.Wire()), nil
}

// RemoveCartItem takes a product out.
func (h HTTP) RemoveCartItem(ctx context.Context, r cartapi.RemoveCartItemRequestObject) (cartapi.RemoveCartItemResponseObject, error) {
	v, err := h.Remove(ctx, session.User(ctx), shop.ProductID(r.ProductId))
	if err != nil {
		return nil, err
	}
	return cartapi.RemoveCartItem200JSONResponse(v.Wire()), nil
}
