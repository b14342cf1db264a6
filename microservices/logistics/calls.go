package logistics

import (
	"context"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/microservices/platform/call"
	"figlab/microservices/platform/host"
	"fmt"
	"net/http"
	"time"
)

// The carrier is another company. Nobody waits for it: a shipment is booked behind the shopper's back, and again under the same key, which
// the carrier acts upon once.

const (
	carrierName = "carrier"
	longPoll    = 10 * time.Second // how long the carrier may wait for news before it answers that there are none
)

func booking() call.Policy {
	return call.Policy{
		To: carrierName, Why: "to take a parcel", Timeout: 2 * time.Second, Attempts: 2, Idempotent: true, Bulkhead: 2 * atOnce,
		Fallback: "the shipment waits, and is booked under the same key later",
	}
}

func following() call.Policy {
	return call.Policy{
		To: carrierName, Why: "what became of the parcels", Timeout: longPoll + 5*time.Second, Bulkhead: 2,
		Fallback: "deliveries are heard of later",
	}
}

// Calls lists whom this service asks.
func Calls() []call.Policy { return []call.Policy{booking(), following()} }

// parcels is what the carrier does.
type parcels interface {
	book(ctx context.Context, s Shipment, country string) (reference string, err error)
	events(ctx context.Context, after int64) ([]internalapi.ParcelEvent, error)
}

type carrier struct {
	api  *internalapi.ClientWithResponses // calls that answer at once
	long *internalapi.ClientWithResponses // waits for events
}

func newCarrier(h *host.Host, url string) (carrier, error) {
	api, err := internalapi.NewClientWithResponses(url, internalapi.WithHTTPClient(h.Client(booking())))
	if err != nil {
		return carrier{}, fmt.Errorf("carrier at %s: %w", url, err)
	}
	long, err := internalapi.NewClientWithResponses(url, internalapi.WithHTTPClient(h.Client(following())))
	if err != nil {
		return carrier{}, fmt.Errorf("carrier at %s: %w", url, err)
	}
	return carrier{api, long}, nil
}

// errRefused is returned for a parcel that the carrier will not take: asking again soon would not change that.
var errRefused = errors.New("refused by the carrier")

// book returns the carrier's reference of a parcel.
func (c carrier) book(ctx context.Context, s Shipment, country string) (string, error) {
	answer, err := c.api.BookParcelWithResponse(ctx, internalapi.ParcelRequest{
		Key: s.ID, Service: s.Service, Country: country, WeightGrams: s.Weight,
	})
	if err != nil {
		return "", fmt.Errorf("book %s: %w", s.ID, err)
	}
	if answer.JSON200 == nil {
		err := problem.Parse(answer.StatusCode(), answer.Body)
		if status := answer.StatusCode(); status >= http.StatusBadRequest && status < http.StatusInternalServerError &&
			status != http.StatusTooManyRequests {
			err = errors.Join(errRefused, err)
		}
		return "", fmt.Errorf("book %s: %w", s.ID, err)
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
