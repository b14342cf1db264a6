package warehouse

import (
	"context"
	"figlab/api/internalapi"
	"figlab/api/internalapi/reservationsapi"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"time"
)

// Inside serves what order processing asks.
type Inside struct{ *Warehouse }

var _ reservationsapi.StrictServerInterface = Inside{}

func reservationToWire(r Reservation) internalapi.Reservation {
	out := internalapi.Reservation{OrderId: r.OrderID, State: r.State}
	if r.State == held {
		at := store.Time(r.Expires)
		out.ExpiresAt = &at
	}
	return out
}

// ReserveStock reserves an order's pieces.
func (i Inside) ReserveStock(
	ctx context.Context, r reservationsapi.ReserveStockRequestObject,
) (reservationsapi.ReserveStockResponseObject, error) {
	items := make([]Item, len(r.Body.Items))
	for n, q := range r.Body.Items {
		items[n] = Item{shop.ProductID(q.ProductId), shop.Quantity(q.Quantity)}
	}
	out, err := i.Reserve(ctx, shop.OrderID(r.OrderId), items, time.Duration(r.Body.TtlSeconds)*time.Second)
	if err != nil {
		return nil, err
	}
	return reservationsapi.ReserveStock200JSONResponse(reservationToWire(out)), nil
}

// KeepReservation keeps a reservation.
func (i Inside) KeepReservation(
	ctx context.Context, r reservationsapi.KeepReservationRequestObject,
) (reservationsapi.KeepReservationResponseObject, error) {
	out, err := i.Keep(ctx, shop.OrderID(r.OrderId))
	if err != nil {
		return nil, err
	}
	return reservationsapi.KeepReservation200JSONResponse(reservationToWire(out)), nil
}

// ReleaseReservation ends a reservation whose order will not be shipped.
func (i Inside) ReleaseReservation(
	ctx context.Context, r reservationsapi.ReleaseReservationRequestObject,
) (reservationsapi.ReleaseReservationResponseObject, error) {
	out, err := i.Release(ctx, shop.OrderID(r.OrderId))
	if err != nil {
		return nil, err
	}
	return reservationsapi.ReleaseReservation200JSONResponse(reservationToWire(out)), nil
}

// CommitReservation ends a reservation whose order has left the house.
func (i Inside) CommitReservation(
	ctx context.Context, r reservationsapi.CommitReservationRequestObject,
) (reservationsapi.CommitReservationResponseObject, error) {
	out, err := i.Commit(ctx, shop.OrderID(r.OrderId))
	if err != nil {
		return nil, err
	}
	return reservationsapi.CommitReservation200JSONResponse(reservationToWire(out)), nil
}
