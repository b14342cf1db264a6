package payment

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/paymentapi"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/store"
	"figlab/microservices/platform/wire"
	"figlab/shop"
)

// HTTP serves the contract's payment operations.
type HTTP struct{ *Payment }

var _ paymentapi.StrictServerInterface = HTTP{}

func toWire(r row) shopapi.Payment {
	return shopapi.Payment{
		Id: r.ID, OrderId: r.OrderID, State: shopapi.PaymentState(r.State), Amount: wire.Money(r.money(r.Amount)),
		Refunded: wire.Money(r.money(r.Refunded)), CreatedAt: store.Time(r.Created), UpdatedAt: store.Time(r.Updated),
	}
}

// ListPayments returns the payments of one of the caller's orders.
func (h HTTP) ListPayments(ctx context.Context, r paymentapi.ListPaymentsRequestObject) (paymentapi.ListPaymentsResponseObject, error) {
	rows, err := h.list(ctx, host.User(ctx), shop.OrderID(r.Params.OrderId))
	if err != nil {
		return nil, err
	}
	out := paymentapi.ListPayments200JSONResponse{Items: make([]shopapi.Payment, len(rows))}
	for i, row := range rows {
		out.Items[i] = toWire(row)
	}
	return out, nil
}

// RefundPayment gives money back.
func (h HTTP) RefundPayment(ctx context.Context, r paymentapi.RefundPaymentRequestObject) (paymentapi.RefundPaymentResponseObject, error) {
	if err := host.Admin(ctx); err != nil {
		return nil, err
	}
	row, replayed, err := h.refund(ctx, shop.PaymentID(r.Id), wire.Price(r.Body.Amount), r.Params.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	return paymentapi.RefundPayment200JSONResponse{
		Body: toWire(row), Headers: paymentapi.RefundPayment200ResponseHeaders{IdempotentReplayed: wire.Replayed(replayed)},
	}, nil
}
