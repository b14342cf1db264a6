package logistics

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/logisticsapi"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/store"
	"figlab/microservices/platform/wire"
	"figlab/shop"

	rules "figlab/shop/logistics"
)

// HTTP serves the contract's logistics operations.
type HTTP struct{ *Logistics }

var _ logisticsapi.StrictServerInterface = HTTP{}

func toWire(s Shipment) (shopapi.Shipment, error) {
	var to shop.Address
	if err := wire.Decode(s.Address, &to); err != nil {
		return shopapi.Shipment{}, err
	}
	return shopapi.Shipment{
		Id: s.ID, OrderId: s.OrderID, State: shopapi.ShipmentState(s.State), Service: shopapi.ShippingService(s.Service),
		CarrierReference: wire.Optional(s.Reference), Address: wire.Address(to), WeightGrams: s.Weight,
		CreatedAt: store.Time(s.Created), UpdatedAt: store.Time(s.Updated),
	}, nil
}

// QuoteShipping returns what shipping costs.
func (h HTTP) QuoteShipping(
	_ context.Context, r logisticsapi.QuoteShippingRequestObject,
) (logisticsapi.QuoteShippingResponseObject, error) {
	quotes, err := rules.Quotes(r.Params.Country, shop.Grams(r.Params.Weight))
	if err != nil {
		return nil, err
	}
	out := logisticsapi.QuoteShipping200JSONResponse{Items: make([]shopapi.Quote, len(quotes))}
	for i, q := range quotes {
		out.Items[i] = shopapi.Quote{Service: shopapi.ShippingService(q.Service), Price: wire.Money(q.Price), Days: q.Days}
	}
	return out, nil
}

// GetShipment returns one of the caller's shipments.
func (h HTTP) GetShipment(ctx context.Context, r logisticsapi.GetShipmentRequestObject) (logisticsapi.GetShipmentResponseObject, error) {
	s, err := h.shipment(ctx, host.User(ctx), shop.ShipmentID(r.Id))
	if err != nil {
		return nil, err
	}
	out, err := toWire(s)
	if err != nil {
		return nil, err
	}
	return logisticsapi.GetShipment200JSONResponse(out), nil
}
