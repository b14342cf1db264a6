package payment

import (
	"context"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"figlab/microservices/platform/call"
	"figlab/microservices/platform/host"
	"figlab/shop"
	"fmt"
	"net/http"
	"time"
)

// While the provider does not answer, no order is paid: whoever asked asks again. While order taking does not answer, only the list of
// an order that has no payment fails.

// Calls declares whom this service asks.
func Calls() []call.Policy { return []call.Policy{toProvider(), toOrderTaking()} }

// toProvider: the provider acts once per key, so everything asked of it may be repeated.
func toProvider() call.Policy {
	return call.Policy{
		To: "provider", Why: "charges and refunds", Timeout: 4 * time.Second, Attempts: 2, Idempotent: true,
		Fallback: "the order stays pending, a refund is carried out later",
	}
}

func toOrderTaking() call.Policy {
	return call.Policy{
		To: string(shop.OrderTaking), Why: "whether a shopper has an order that was never to be paid",
		Timeout: 2 * time.Second, Attempts: 3, AsUser: true,
	}
}

// provider is the payment provider, another company.
type provider interface {
	// charge says whether the money was captured. errRefused means that it was not and never will be, any other error that nobody knows.
	charge(ctx context.Context, key string, amount shop.Money, token string) (captured bool, err error)
	// refund returns when the provider has confirmed.
	refund(ctx context.Context, key, chargeKey string, amount shop.Money) error
}

// orders is order taking, as far as this service needs it.
type orders interface {
	// owned returns shop.ErrNoOrder, or its like, unless the shopper of ctx has the order.
	owned(ctx context.Context, order shop.OrderID) error
}

func dial(h *host.Host, url string) (provider, orders, error) {
	money, err := internalapi.NewClientWithResponses(url, internalapi.WithHTTPClient(h.Client(toProvider())))
	if err != nil {
		return nil, nil, fmt.Errorf("payment provider at %s: %w", url, err)
	}
	taking, err := shopapi.NewClientWithResponses("http://ordertaking", shopapi.WithHTTPClient(h.Client(toOrderTaking())))
	return company{money}, sibling{taking}, err
}

type company struct {
	api *internalapi.ClientWithResponses
}

// errRefused is returned for a call that the provider will never act upon: asking again would not change that.
var errRefused = errors.New("refused by the provider")

// failure is what an answer means that is no success. A 4xx is a refusal for good, but for those that ask to come again.
func failure(status int, body []byte) error {
	err := problem.Parse(status, body)
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return err
	}
	if status >= http.StatusBadRequest && status < http.StatusInternalServerError {
		return errors.Join(errRefused, err)
	}
	return err
}

func (c company) charge(ctx context.Context, key string, amount shop.Money, token string) (bool, error) {
	r, err := c.api.ChargeWithResponse(ctx, internalapi.ChargeRequest{
		Key: key, Amount: amount.Amount, Currency: string(amount.Currency), Token: token,
	})
	if err == nil && r.JSON200 == nil {
		err = failure(r.StatusCode(), r.Body)
	}
	if err != nil {
		return false, fmt.Errorf("charge %s: %w", key, err)
	}
	return r.JSON200.State == internalapi.Captured, nil
}

func (c company) refund(ctx context.Context, key, chargeKey string, amount shop.Money) error {
	r, err := c.api.RefundWithResponse(ctx, internalapi.RefundRequest{
		Key: key, ChargeKey: chargeKey, Amount: amount.Amount, Currency: string(amount.Currency),
	})
	if err == nil && r.StatusCode() != http.StatusOK {
		err = failure(r.StatusCode(), r.Body)
	}
	if err != nil {
		return fmt.Errorf("refund %s: %w", key, err)
	}
	return nil
}

type sibling struct{ api *shopapi.ClientWithResponses }

func (s sibling) owned(ctx context.Context, order shop.OrderID) error {
	r, err := s.api.GetOrderWithResponse(ctx, string(order))
	if err == nil && r.JSON200 == nil {
		err = problem.Parse(r.StatusCode(), r.Body)
	}
	if err != nil {
		return fmt.Errorf("look for order: %w", err)
	}
	return nil
}
