package wishlist

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/wishlistapi"
	"figlab/monolith/platform/session"
	"figlab/shop"
)

// HTTP serves the contract's wishlist operations.
type HTTP struct{ *Module }

var _ wishlistapi.StrictServerInterface = HTTP{}

func toWire(wishes []Named) shopapi.Wishlist {
	out := shopapi.Wishlist{Items: make([]shopapi.WishlistItem, len(wishes))}
	for i, w := range wishes {
		out.Items[i] = shopapi.WishlistItem{ProductId: string(w.Product), Name: w.Name, AddedAt: w.Added}
	}
	return out
}

// GetWishlist shows the caller's wishes.
func (h HTTP) GetWishlist(ctx context.Context, _ wishlistapi.GetWishlistRequestObject) (wishlistapi.GetWishlistResponseObject, error) {
	wishes, err := h.Show(ctx, session.User(ctx))
	if err != nil {
		return nil, err
	}
	return wishlistapi.GetWishlist200JSONResponse(toWire(wishes)), nil
}

// PutWishlistItem adds a wish.
func (h HTTP) PutWishlistItem(
	ctx context.Context, r wishlistapi.PutWishlistItemRequestObject,
) (wishlistapi.PutWishlistItemResponseObject, error) {
	wishes, err := h.Wish(ctx, session.User(ctx), shop.ProductID(r.ProductId))
	if err != nil {
		return nil, err
	}
	return wishlistapi.PutWishlistItem200JSONResponse(toWire(wishes)), nil
}

// RemoveWishlistItem gives a wish up.
func (h HTTP) RemoveWishlistItem(
	ctx context.Context, r wishlistapi.RemoveWishlistItemRequestObject,
) (wishlistapi.RemoveWishlistItemResponseObject, error) {
	wishes, err := h.Forget(ctx, session.User(ctx), shop.ProductID(r.ProductId))
	if err != nil {
		return nil, err
	}
	return wishlistapi.RemoveWishlistItem200JSONResponse(toWire(wishes)), nil
}

// MoveWishlistItemToCart buys a wish.
func (h HTTP) MoveWishlistItemToCart(
	ctx context.Context, r wishlistapi.MoveWishlistItemToCartRequestObject,
) (wishlistapi.MoveWishlistItemToCartResponseObject, error) {
	v, err := h.MoveToCart(ctx, session.User(ctx), shop.ProductID(r.ProductId))
	if err != nil {
		return nil, err
	}
	return wishlistapi.MoveWishlistItemToCart200JSONResponse(v.Wire()), nil
}
