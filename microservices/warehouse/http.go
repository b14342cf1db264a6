package warehouse

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/warehouseapi"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/wire"
	"figlab/shop"
)

// HTTP serves the contract's warehouse operations.
type HTTP struct{ *Warehouse }

var _ warehouseapi.StrictServerInterface = HTTP{}

func toWire(l Level) shopapi.Stock {
	return shopapi.Stock{
		ProductId: string(l.Product), OnHand: int64(l.OnHand), Reserved: int64(l.Reserved),
		Available: int64(l.Available()), Version: l.Version,
	}
}

// GetStock returns how much there is.
func (h HTTP) GetStock(ctx context.Context, r warehouseapi.GetStockRequestObject) (warehouseapi.GetStockResponseObject, error) {
	l, err := h.Stock(ctx, shop.ProductID(r.ProductId))
	if err != nil {
		return nil, err
	}
	return warehouseapi.GetStock200JSONResponse(toWire(l)), nil
}

// Restock receives goods.
func (h HTTP) Restock(ctx context.Context, r warehouseapi.RestockRequestObject) (warehouseapi.RestockResponseObject, error) {
	if err := host.Admin(ctx); err != nil {
		return nil, err
	}
	l, replayed, err := h.Warehouse.Restock(ctx, shop.ProductID(r.ProductId), shop.Quantity(r.Body.Quantity), r.Params.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	return warehouseapi.Restock200JSONResponse{
		Body: toWire(l), Headers: warehouseapi.Restock200ResponseHeaders{IdempotentReplayed: wire.Replayed(replayed)},
	}, nil
}

// ErrNotHere is the answer to what the gateway puts together from several services.
var ErrNotHere = shop.NewError(shop.Unavailable, "not-here", "the gateway puts this page together: ask it there")

// GetProductView refuses: a service that asked two others for a page would slow its own answers down with theirs.
func (HTTP) GetProductView(context.Context, warehouseapi.GetProductViewRequestObject) (warehouseapi.GetProductViewResponseObject, error) {
	return nil, ErrNotHere
}
