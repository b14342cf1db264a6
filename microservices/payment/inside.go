package payment

import (
	"context"
	"figlab/api/internalapi"
	"figlab/api/internalapi/tillapi"
	"figlab/shop"
)

// Till is what order processing asks for.
type Till struct{ *Payment }

var _ tillapi.StrictServerInterface = Till{}

func outcome(r row) internalapi.PaymentOutcome {
	return internalapi.PaymentOutcome{PaymentId: r.ID, State: r.State}
}

// AuthorisePayment takes an order's money.
func (t Till) AuthorisePayment(
	ctx context.Context, r tillapi.AuthorisePaymentRequestObject,
) (tillapi.AuthorisePaymentResponseObject, error) {
	paid, err := t.authorise(ctx, Order{
		ID: shop.OrderID(r.OrderId), User: shop.UserID(r.Body.UserId),
		Amount: shop.Money{Amount: r.Body.Amount, Currency: shop.Currency(r.Body.Currency)}, Token: r.Body.Token,
	})
	if err != nil {
		return nil, err
	}
	return tillapi.AuthorisePayment200JSONResponse(outcome(paid)), nil
}

// RefundOrder gives back all that is left of an order's money.
func (t Till) RefundOrder(ctx context.Context, r tillapi.RefundOrderRequestObject) (tillapi.RefundOrderResponseObject, error) {
	paid, err := t.refundOrder(ctx, shop.OrderID(r.OrderId))
	if err != nil {
		return nil, err
	}
	return tillapi.RefundOrder200JSONResponse(outcome(paid)), nil
}
