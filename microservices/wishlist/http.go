package wishlist

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/contract"
	"figlab/api/shopapi"
	"figlab/api/shopapi/wishlistapi"
	"figlab/microservices/platform/call"
	"figlab/microservices/platform/host"
	"figlab/shop"
	"net/http"

	"github.com/labstack/echo/v4"
)

// HTTP serves the contract's wishlist operations.
type HTTP struct{ *Wishlist }

var _ wishlistapi.StrictServerInterface = HTTP{}

// toWire returns a wishlist in the contract's shape, and marks the answer when its names are old.
func toWire(ctx context.Context, v View) shopapi.Wishlist {
	if v.Old {
		host.Degrade(ctx, "names")
	}
	out := shopapi.Wishlist{Items: make([]shopapi.WishlistItem, len(v.Wishes))}
	for i, w := range v.Wishes {
		out.Items[i] = shopapi.WishlistItem{ProductId: string(w.Product), Name: w.Name, AddedAt: w.Added}
	}
	return out
}

// notExecuted tells the caller of a failed write that it certainly had no effect: siblings are asked before anything is written here.
func notExecuted(next wishlistapi.StrictHandlerFunc, _ string) wishlistapi.StrictHandlerFunc {
	return func(c echo.Context, request any) (any, error) {
		answer, err := next(c, request)
		if errors.Is(err, ErrNoCatalog) || call.NotExecuted(err) || errors.As(err, new(certain)) {
			c.Response().Header().Set(contract.NotExecuted, "1")
		}
		return answer, err
	}
}

// GetWishlist shows the caller's wishes.
func (h HTTP) GetWishlist(ctx context.Context, _ wishlistapi.GetWishlistRequestObject) (wishlistapi.GetWishlistResponseObject, error) {
	v, err := h.Show(ctx, host.User(ctx))
	if err != nil {
		return nil, err
	}
	return wishlistapi.GetWishlist200JSONResponse(toWire(ctx, v)), nil
}

// PutWishlistItem adds a wish.
func (h HTTP) PutWishlistItem(
	ctx context.Context, r wishlistapi.PutWishlistItemRequestObject,
) (wishlistapi.PutWishlistItemResponseObject, error) {
	v, err := h.Wish(ctx, host.User(ctx), shop.ProductID(r.ProductId))
	if err != nil {
		return nil, err
	}
	return wishlistapi.PutWishlistItem200JSONResponse(toWire(ctx, v)), nil
}

// RemoveWishlistItem gives a wish up.
func (h HTTP) RemoveWishlistItem(
	ctx context.Context, r wishlistapi.RemoveWishlistItemRequestObject,
) (wishlistapi.RemoveWishlistItemResponseObject, error) {
	v, err := h.Forget(ctx, host.User(ctx), shop.ProductID(r.ProductId))
	if err != nil {
		return nil, err
	}
	return wishlistapi.RemoveWishlistItem200JSONResponse(toWire(ctx, v)), nil
}

// changed is the cart as the cart service tells it.
type changed json.RawMessage

// VisitMoveWishlistItemToCartResponse passes it on as it is.
func (c changed) VisitMoveWishlistItemToCartResponse(w http.ResponseWriter) error {
	w.Header().Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(c)
	return err //nolint:wrapcheck // the caller went away
}

// MoveWishlistItemToCart buys a wish.
func (h HTTP) MoveWishlistItemToCart(
	ctx context.Context, r wishlistapi.MoveWishlistItemToCartRequestObject,
) (wishlistapi.MoveWishlistItemToCartResponseObject, error) {
	cart, err := h.MoveToCart(ctx, host.User(ctx), shop.ProductID(r.ProductId))
	if err != nil {
		return nil, err
	}
	return changed(cart), nil
}
