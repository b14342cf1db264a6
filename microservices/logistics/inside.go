package logistics

import (
	"context"
	"figlab/api/internalapi"
	"figlab/api/internalapi/dispatchapi"
	"figlab/microservices/platform/wire"
	"figlab/shop"
)

// Inside serves what order processing asks.
type Inside struct{ *Logistics }

var _ dispatchapi.StrictServerInterface = Inside{}

func planned(s Shipment) internalapi.PlannedShipment {
	return internalapi.PlannedShipment{ShipmentId: s.ID, State: s.State}
}

// PlanShipment plans an order's parcel.
func (i Inside) PlanShipment(ctx context.Context, r dispatchapi.PlanShipmentRequestObject) (dispatchapi.PlanShipmentResponseObject, error) {
	a := r.Body.Address
	to := shop.Address{Line1: a.Line1, Line2: wire.Or(a.Line2, ""), City: a.City, Postcode: a.Postcode, Country: a.Country}
	s, err := i.Plan(ctx, shop.OrderID(r.OrderId), Parcel{
		User: shop.UserID(r.Body.UserId), Service: r.Body.Service, To: to, Weight: shop.Grams(r.Body.WeightGrams),
	})
	if err != nil {
		return nil, err
	}
	return dispatchapi.PlanShipment200JSONResponse(planned(s)), nil
}

// RecallShipment calls a parcel back.
func (i Inside) RecallShipment(
	ctx context.Context, r dispatchapi.RecallShipmentRequestObject,
) (dispatchapi.RecallShipmentResponseObject, error) {
	s, err := i.Recall(ctx, shop.OrderID(r.OrderId))
	if err != nil {
		return nil, err
	}
	return dispatchapi.RecallShipment200JSONResponse(planned(s)), nil
}
