package orderprocessing

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/orderprocessingapi"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/wire"
	"figlab/shop"
)

// HTTP serves the contract's order processing operations.
type HTTP struct{ *Processing }

var _ orderprocessingapi.StrictServerInterface = HTTP{}

// CancelOrder cancels one of the caller's orders.
func (h HTTP) CancelOrder(
	ctx context.Context, r orderprocessingapi.CancelOrderRequestObject,
) (orderprocessingapi.CancelOrderResponseObject, error) {
	o, err := h.Cancel(ctx, host.User(ctx), shop.OrderID(r.Id))
	if err != nil {
		return nil, err
	}
	return orderprocessingapi.CancelOrder200JSONResponse(o.Wire()), nil
}

// ListOrderEvents returns what happened to one of the caller's orders.
func (h HTTP) ListOrderEvents(
	ctx context.Context, r orderprocessingapi.ListOrderEventsRequestObject,
) (orderprocessingapi.ListOrderEventsResponseObject, error) {
	events, err := h.Events(ctx, host.User(ctx), shop.OrderID(r.Id))
	if err != nil {
		return nil, err
	}
	out := orderprocessingapi.ListOrderEvents200JSONResponse{Items: make([]shopapi.OrderEvent, len(events))}
	for i, e := range events {
		out.Items[i] = shopapi.OrderEvent{
			Sequence: e.Sequence, State: shopapi.OrderState(e.State), Detail: wire.Optional(e.Detail), At: e.At,
		}
	}
	return out, nil
}
