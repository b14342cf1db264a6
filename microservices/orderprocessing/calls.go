package orderprocessing

import (
	"context"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"figlab/microservices/orderprocessing/saga"
	"figlab/microservices/platform/call"
	"figlab/shop"
	"fmt"
	"net/http"
	"time"
)

// others are the siblings that carry operations out, each once per order however often it is asked. The error says why nobody knows what
// came of it; id is that of the payment or the shipment.
type others interface {
	Ask(ctx context.Context, op saga.Op, o Order) (id string, said saga.Outcome, err error)
}

// orders is the sibling that knows an order from the moment it is placed.
type orders interface {
	Find(ctx context.Context, id shop.OrderID) (shopapi.Order, error)
}

// left is what is done when a sibling does not answer. Nobody waits for it except a shopper who cancels.
const left = "the order waits, and the same is asked for again"

func reserving() call.Policy {
	return call.Policy{
		To: string(shop.Warehouse), Why: "an order's pieces", Timeout: 2 * time.Second, Attempts: 3, Idempotent: true, Fallback: left,
	}
}

// paying takes longer: payment asks the provider. Few tries are made at once, since the provider is what is slow or away.
func paying() call.Policy {
	return call.Policy{
		To: string(shop.Payment), Why: "an order's money", Timeout: 5 * time.Second, Attempts: 2, Idempotent: true, Fallback: left,
	}
}

func shipping() call.Policy {
	return call.Policy{
		To: string(shop.Logistics), Why: "an order's parcel", Timeout: 2 * time.Second, Attempts: 3, Idempotent: true, Fallback: left,
	}
}

func looking() call.Policy {
	return call.Policy{
		To: string(shop.OrderTaking), Why: "an order that was not heard of yet", Timeout: 2 * time.Second, Attempts: 3, AsUser: true,
	}
}

// Calls lists whom this service asks.
func Calls() []call.Policy { return []call.Policy{reserving(), paying(), shipping(), looking()} }

// reservedFor is how long pieces are kept from others before they are paid for: longer than a provider is mostly away.
const reservedFor = 5 * time.Minute

type siblings struct {
	warehouse, payment, logistics *internalapi.ClientWithResponses
	calls                         *call.Caller
}

func newSiblings(calls *call.Caller) (s siblings, err error) {
	s.calls = calls
	for _, c := range []struct {
		policy call.Policy
		client **internalapi.ClientWithResponses
	}{{reserving(), &s.warehouse}, {paying(), &s.payment}, {shipping(), &s.logistics}} {
		*c.client, err = internalapi.NewClientWithResponses("http://"+c.policy.To, internalapi.WithHTTPClient(calls.Client(c.policy)))
		if err != nil {
			return siblings{}, fmt.Errorf("client of %s: %w", c.policy.To, err)
		}
	}
	return s, nil
}

// Ask asks whoever it takes.
func (s siblings) Ask(ctx context.Context, op saga.Op, o Order) (id string, said saga.Outcome, err error) {
	to := shop.Warehouse
	switch op {
	case saga.Authorise, saga.Refund:
		to = shop.Payment
		id, said, err = s.pay(ctx, op, o)
	case saga.Plan, saga.Recall:
		to = shop.Logistics
		id, said, err = s.ship(ctx, op, o)
	default:
		said, err = s.stock(ctx, op, o)
	}
	if err != nil {
		s.calls.FellBack(string(to))
		return "", saga.Unknown, fmt.Errorf("%s: %w", op, err)
	}
	return id, said, nil
}

func (s siblings) stock(ctx context.Context, op saga.Op, o Order) (saga.Outcome, error) {
	id := string(o.ID)
	switch op {
	case saga.Reserve:
		r, err := s.warehouse.ReserveStockWithResponse(ctx, id, internalapi.ReserveStockJSONRequestBody{
			Items: items(o), TtlSeconds: int64(reservedFor / time.Second),
		})
		if err != nil {
			return "", err
		}
		return heard(r.StatusCode(), r.Body, "out-of-stock")
	case saga.Keep:
		r, err := s.warehouse.KeepReservationWithResponse(ctx, id)
		if err != nil {
			return "", err
		}
		return heard(r.StatusCode(), r.Body, "reservation-expired")
	case saga.Release:
		r, err := s.warehouse.ReleaseReservationWithResponse(ctx, id)
		if err != nil {
			return "", err
		}
		return heard(r.StatusCode(), r.Body, "")
	case saga.Commit:
		r, err := s.warehouse.CommitReservationWithResponse(ctx, id)
		if err != nil {
			return "", err
		}
		return heard(r.StatusCode(), r.Body, "")
	default:
		return "", errors.New("nobody does that")
	}
}

// pay asks for an order's money, or to give it back. Declined is an answer too.
func (s siblings) pay(ctx context.Context, op saga.Op, o Order) (string, saga.Outcome, error) {
	if op == saga.Refund {
		r, err := s.payment.RefundOrderWithResponse(ctx, string(o.ID))
		if err != nil {
			return "", "", err
		}
		said, err := heard(r.StatusCode(), r.Body, "")
		return "", said, err
	}
	r, err := s.payment.AuthorisePaymentWithResponse(ctx, string(o.ID), internalapi.AuthorisePaymentJSONRequestBody{
		UserId: o.Placed.UserId, Amount: o.image.Total.Amount, Currency: o.image.Total.Currency, Token: o.Placed.PaymentToken,
	})
	if err != nil {
		return "", "", err
	}
	if r.JSON200 == nil {
		_, err := heard(r.StatusCode(), r.Body, "")
		return "", "", errors.Join(err, errNoAnswer)
	}
	switch state := r.JSON200.State; state {
	case "captured", "refunded": // what was given back since had been taken
		return r.JSON200.PaymentId, saga.Done, nil
	case "declined":
		return r.JSON200.PaymentId, saga.Refused, nil
	default:
		return "", "", fmt.Errorf("a payment that is %q", state)
	}
}

func (s siblings) ship(ctx context.Context, op saga.Op, o Order) (string, saga.Outcome, error) {
	if op == saga.Recall {
		r, err := s.logistics.RecallShipmentWithResponse(ctx, string(o.ID))
		if err != nil {
			return "", "", err
		}
		said, err := heard(r.StatusCode(), r.Body, "order-not-cancellable")
		return "", said, err
	}
	a := o.image.ShippingAddress
	r, err := s.logistics.PlanShipmentWithResponse(ctx, string(o.ID), internalapi.PlanShipmentJSONRequestBody{
		UserId: o.Placed.UserId, Service: string(o.image.ShippingService), WeightGrams: o.Placed.WeightGrams,
		Address: internalapi.ParcelAddress{Line1: a.Line1, Line2: a.Line2, City: a.City, Postcode: a.Postcode, Country: a.Country},
	})
	if err != nil {
		return "", "", err
	}
	if r.JSON200 == nil {
		_, err := heard(r.StatusCode(), r.Body, "")
		return "", "", errors.Join(err, errNoAnswer)
	}
	return r.JSON200.ShipmentId, saga.Done, nil
}

// errNoAnswer is returned where an answer does not say what it should.
var errNoAnswer = errors.New("the answer cannot be read")

// heard is what an answer means. An operation can be refused with one code at most; of any other failure nobody knows what came of it.
func heard(status int, body []byte, refusal string) (saga.Outcome, error) {
	if status == http.StatusOK {
		return saga.Done, nil
	}
	err := problem.Parse(status, body)
	var told *problem.Error
	if refusal != "" && errors.As(err, &told) && status == http.StatusConflict && told.Code == refusal {
		return saga.Refused, nil
	}
	return "", err
}

func items(o Order) []internalapi.Quantity {
	out := make([]internalapi.Quantity, len(o.image.Lines))
	for i, l := range o.image.Lines {
		out[i] = internalapi.Quantity{ProductId: l.ProductId, Quantity: l.Quantity}
	}
	return out
}

type taking struct{ api *shopapi.ClientWithResponses }

func newTaking(calls *call.Caller) (taking, error) {
	api, err := shopapi.NewClientWithResponses("http://"+string(shop.OrderTaking), shopapi.WithHTTPClient(calls.Client(looking())))
	if err != nil {
		return taking{}, fmt.Errorf("client of order taking: %w", err)
	}
	return taking{api}, nil
}

// Find asks order taking in the shopper's name. What it says about the order is for the shopper.
func (t taking) Find(ctx context.Context, id shop.OrderID) (shopapi.Order, error) {
	r, err := t.api.GetOrderWithResponse(ctx, string(id))
	if err != nil {
		return shopapi.Order{}, fmt.Errorf("ask for order %s: %w", id, err)
	}
	if r.JSON200 == nil {
		return shopapi.Order{}, fmt.Errorf("ask for order %s: %w", id, problem.Parse(r.StatusCode(), r.Body))
	}
	return *r.JSON200, nil
}
