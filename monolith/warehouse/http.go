package warehouse

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/warehouseapi"
	"figlab/monolith/platform/session"
	"figlab/monolith/platform/wire"
	"figlab/shop"
)

// HTTP serves the contract's warehouse operations.
type HTTP struct{ *Module }

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
	if err := session.Admin(ctx); err != nil {
		return nil, err
	}
	l, replayed, err := h.Module.Restock(ctx, shop.ProductID(r.ProductId), shop.Quantity(r.Body.Quantity), r.Params.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	return warehouseapi.Restock200JSONResponse{
		Body: toWire(l), Headers: warehouseapi.Restock200ResponseHeaders{IdempotentReplayed: wire.Replayed(replayed)},
	}, nil
}
