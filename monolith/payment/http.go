package payment

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/paymentapi"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/session"
	"figlab/monolith/platform/wire"
	"figlab/shop"

	ordering "figlab/shop/ordertaking"
)

// HTTP serves the contract's payment operations.
type HTTP struct{ *Module }

var _ paymentapi.StrictServerInterface = HTTP{}

func toWire(r row) shopapi.Payment {
	return shopapi.Payment{
		Id: r.ID, OrderId: r.OrderID, State: shopapi.PaymentState(r.State), Amount: wire.Money(r.money(r.Amount)),
		Refunded: wire.Money(r.money(r.Refunded)), CreatedAt: db.Time(r.Created), UpdatedAt: db.Time(r.Updated),
	}
}

// ListPayments returns the payments of one of the caller's orders; every order of theirs has had one, unless it was rejected at once.
func (h HTTP) ListPayments(ctx context.Context, r paymentapi.ListPaymentsRequestObject) (paymentapi.ListPaymentsResponseObject, error) {
	if err := h.owned(ctx, session.User(ctx), shop.OrderID(r.Params.OrderId)); err != nil {
		return nil, err
	}
	rows, err := h.ofOrder(ctx, session.User(ctx), shop.OrderID(r.Params.OrderId))
	if err != nil {
		return nil, err
	}
	out := paymentapi.ListPayments200JSONResponse{Items: make([]shopapi.Payment, len(rows))}
	for i, row := range rows {
		out.Items[i] = toWire(row)
	}
	return out, nil
}

// owned says whether an order is the user's: one table of another module is read here, which is what a monolith can do.
func (h HTTP) owned(ctx context.Context, user shop.UserID, order shop.OrderID) error {
	var n int64
	err := h.db.Read(ctx).Table("ordertaking_orders").Where("id = ? AND user_id = ?", order, user).Count(&n).Error
	if err == nil && n == 0 {
		return ordering.ErrNotFound
	}
	return err
}

// RefundPayment gives money back.
func (h HTTP) RefundPayment(ctx context.Context, r paymentapi.RefundPaymentRequestObject) (paymentapi.RefundPaymentResponseObject, error) {
	if err := session.Admin(ctx); err != nil {
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
