package ordertaking

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/ordertakingapi"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/wire"
	"figlab/shop"

	rules "figlab/shop/ordertaking"
)

// HTTP serves the contract's order taking operations.
type HTTP struct{ *OrderTaking }

var _ ordertakingapi.StrictServerInterface = HTTP{}

func toWire(o rules.Order) shopapi.Order {
	out := shopapi.Order{
		Id: string(o.ID), State: shopapi.OrderState(o.State), Lines: make([]shopapi.OrderLine, len(o.Lines)),
		Subtotal: wire.Money(o.Subtotal), Shipping: wire.Money(o.Shipping), Total: wire.Money(o.Total),
		ShippingAddress: wire.Address(o.Request.Address), ShippingService: shopapi.ShippingService(o.Request.Service),
		PaymentId: wire.Optional(string(o.Payment)), ShipmentId: wire.Optional(string(o.Shipment)),
		Reason: wire.Optional(shopapi.OrderReason(o.Reason)), Version: o.Version, CreatedAt: o.Created, UpdatedAt: o.Updated,
	}
	for i, l := range o.Lines {
		total := shop.Money{Amount: l.Price.Amount * int64(l.Quantity), Currency: l.Price.Currency} // NewDraft has checked the product
		out.Lines[i] = shopapi.OrderLine{
			ProductId: string(l.Product), Name: l.Name, Quantity: int64(l.Quantity),
			UnitPrice: wire.Money(l.Price), LineTotal: wire.Money(total),
		}
	}
	return out
}

// PlaceOrder orders what is in the caller's cart.
func (h HTTP) PlaceOrder(ctx context.Context, r ordertakingapi.PlaceOrderRequestObject) (ordertakingapi.PlaceOrderResponseObject, error) {
	o, replayed, err := h.Place(ctx, host.User(ctx), r.Params.IdempotencyKey, rules.Request{
		Address: wire.ToAddress(r.Body.ShippingAddress), Service: string(r.Body.ShippingService), PaymentToken: r.Body.PaymentToken,
	})
	if err != nil {
		return nil, err
	}
	return ordertakingapi.PlaceOrder201JSONResponse{
		Body: toWire(o), Headers: ordertakingapi.PlaceOrder201ResponseHeaders{IdempotentReplayed: wire.Replayed(replayed)},
	}, nil
}

// GetOrder returns one of the caller's orders.
func (h HTTP) GetOrder(ctx context.Context, r ordertakingapi.GetOrderRequestObject) (ordertakingapi.GetOrderResponseObject, error) {
	o, err := h.Owned(ctx, host.User(ctx), shop.OrderID(r.Id))
	if err != nil {
		return nil, err
	}
	return ordertakingapi.GetOrder200JSONResponse(toWire(o)), nil
}

// ListOrders returns a page of the caller's orders.
func (h HTTP) ListOrders(ctx context.Context, r ordertakingapi.ListOrdersRequestObject) (ordertakingapi.ListOrdersResponseObject, error) {
	found, next, err := h.List(ctx, host.User(ctx), wire.Or(r.Params.After, ""), wire.Limit(r.Params.Limit))
	if err != nil {
		return nil, err
	}
	out := ordertakingapi.ListOrders200JSONResponse{Items: make([]shopapi.Order, len(found)), Next: wire.Optional(next)}
	for i, o := range found {
		out.Items[i] = toWire(o)
	}
	return out, nil
}
