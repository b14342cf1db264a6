package logistics

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/logisticsapi"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/session"
	"figlab/monolith/platform/wire"
	"figlab/shop"

	rules "figlab/shop/logistics"
)

// HTTP serves the contract's logistics operations.
type HTTP struct{ *Module }

var _ logisticsapi.StrictServerInterface = HTTP{}

func toWire(r row) (shopapi.Shipment, error) {
	var to shop.Address
	if err := wire.Decode(r.Address, &to); err != nil {
		return shopapi.Shipment{}, err
	}
	return shopapi.Shipment{
		Id: r.ID, OrderId: r.OrderID, State: shopapi.ShipmentState(r.State), Service: shopapi.ShippingService(r.Service),
		CarrierReference: wire.Optional(r.Reference), Address: wire.Address(to), WeightGrams: r.Weight,
		CreatedAt: db.Time(r.Created), UpdatedAt: db.Time(r.Updated),
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
	row, err := h.shipment(ctx, session.User(ctx), shop.ShipmentID(r.Id))
	if err != nil {
		return nil, err
	}
	out, err := toWire(row)
	if err != nil {
		return nil, err
	}
	return logisticsapi.GetShipment200JSONResponse(out), nil
}
