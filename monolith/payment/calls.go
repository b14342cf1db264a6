package payment

import (
	"context"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/internal/process"
	"figlab/monolith/platform/db"
	"figlab/shop"
	"fmt"
	"net/http"
	"time"

	notices "figlab/shop/notification"
)

// messages is the sibling that tells shoppers.
type messages interface {
	Tell(tx *db.Tx, user shop.UserID, kind notices.Kind, cause string, order shop.OrderID, amount shop.Money) error
}

// provider is the payment provider, over the wire. Each call has two seconds; it is tried a second time only under the same key, which
// the provider acts upon once.
type provider struct {
	api *internalapi.ClientWithResponses
}

func dial(url string, deps process.Deps) (provider, error) {
	api, err := internalapi.NewClientWithResponses(url, internalapi.WithHTTPClient(deps.Client(2*time.Second)))
	if err != nil {
		return provider{}, fmt.Errorf("payment provider at %s: %w", url, err)
	}
	return provider{api}, nil
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

// charge returns whether the money was captured. errRefused means that it was not and never will be, any other error that nobody knows.
func (p provider) charge(ctx context.Context, key string, amount shop.Money, token string) (captured bool, err error) {
	err = twice(func() error {
		r, err := p.api.ChargeWithResponse(ctx, internalapi.ChargeRequest{
			Key: key, Amount: amount.Amount, Currency: string(amount.Currency), Token: token,
		})
		if err != nil {
			return err
		}
		if r.JSON200 == nil {
			return failure(r.StatusCode(), r.Body)
		}
		captured = r.JSON200.State == internalapi.Captured
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("charge %s: %w", key, err)
	}
	return captured, nil
}

// refund returns when the provider has confirmed.
func (p provider) refund(ctx context.Context, key, chargeKey string, amount shop.Money) error {
	err := twice(func() error {
		r, err := p.api.RefundWithResponse(ctx, internalapi.RefundRequest{
			Key: key, ChargeKey: chargeKey, Amount: amount.Amount, Currency: string(amount.Currency),
		})
		if err != nil {
			return err
		}
		if r.StatusCode() != http.StatusOK {
			return failure(r.StatusCode(), r.Body)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("refund %s: %w", key, err)
	}
	return nil
}

// twice calls again when nobody knows what came of the first call. A provider that has too much to do is left alone for now.
func twice(call func() error) error {
	err := call()
	var p *problem.Error
	if err == nil || errors.Is(err, errRefused) || errors.As(err, &p) && p.Kind == problem.KindOf(http.StatusTooManyRequests) {
		return err
	}
	return call()
}
