package logistics

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
)

// orders is the sibling that owns an order's state.
type orders interface {
	Shipped(ctx context.Context, tx *db.Tx, order shop.OrderID) error
	Delivered(ctx context.Context, tx *db.Tx, order shop.OrderID) error
}

// carrier is the carrier, over the wire. Booking is repeated under the same key only, which the carrier acts upon once.
type carrier struct {
	api  *internalapi.ClientWithResponses // calls that answer at once
	long *internalapi.ClientWithResponses // waits for events
}

const longPoll = 10 * time.Second

func dial(url string, deps process.Deps) (carrier, error) {
	api, err := internalapi.NewClientWithResponses(url, internalapi.WithHTTPClient(deps.Client(2*time.Second)))
	if err != nil {
		return carrier{}, fmt.Errorf("carrier at %s: %w", url, err)
	}
	long, err := internalapi.NewClientWithResponses(url, internalapi.WithHTTPClient(deps.Client(longPoll+5*time.Second)))
	if err != nil {
		return carrier{}, fmt.Errorf("carrier at %s: %w", url, err)
	}
	return carrier{api, long}, nil
}

// errRefused is returned for a parcel that the carrier will not take: asking again soon would not change that.
var errRefused = errors.New("refused by the carrier")

// book returns the carrier's reference of a parcel.
func (c carrier) book(ctx context.Context, r row, country string) (string, error) {
	answer, err := c.api.BookParcelWithResponse(ctx, internalapi.ParcelRequest{
		Key: r.ID, Service: r.Service, Country: country, WeightGrams: r.Weight,
	})
	if err != nil {
		return "", fmt.Errorf("book %s: %w", r.ID, err)
	}
	if answer.JSON200 == nil {
		err := problem.Parse(answer.StatusCode(), answer.Body)
		if s := answer.StatusCode(); s >= http.StatusBadRequest && s < http.StatusInternalServerError && s != http.StatusTooManyRequests {
			err = errors.Join(errRefused, err)
		}
		return "", fmt.Errorf("book %s: %w", r.ID, err)
	}
	return answer.JSON200.Reference, nil
}

// events returns the carrier's events after a sequence number, waiting for the first.
func (c carrier) events(ctx context.Context, after int64) ([]internalapi.ParcelEvent, error) {
	wait := int(longPoll / time.Millisecond)
	answer, err := c.long.ReadParcelEventsWithResponse(ctx, &internalapi.ReadParcelEventsParams{After: &after, WaitMs: &wait})
	if err != nil {
		return nil, fmt.Errorf("carrier events: %w", err)
	}
	if answer.JSON200 == nil {
		return nil, fmt.Errorf("carrier events: %w", problem.Parse(answer.StatusCode(), answer.Body))
	}
	return answer.JSON200.Items, nil
}
