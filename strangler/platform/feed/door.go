package feed

import (
	"context"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"fmt"
	"net/http"
)

// errAway is returned while the registry knows no instance of a house.
var errAway = errors.New("is not registered")

// A door is the feed door of a house: where it is may change from call to call.
type door struct {
	house   string
	address func() (string, bool) // host:port of its admin door
	client  *http.Client
	token   string // the run's admin token
}

func (d door) open() (*internalapi.ClientWithResponses, error) {
	address, ok := d.address()
	if !ok {
		return nil, fmt.Errorf("%s: %w", d.house, errAway)
	}
	return internalapi.NewClientWithResponses("http://"+address, internalapi.WithHTTPClient(d.client),
		internalapi.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+d.token)
			return nil
		}))
}

// read returns a chunk of rows after a cursor.
func (d door) read(ctx context.Context, capability, after string, limit int) (internalapi.FeedChunk, error) {
	api, err := d.open()
	if err != nil {
		return internalapi.FeedChunk{}, err
	}
	params := &internalapi.ReadFeedParams{Limit: &limit}
	if after != "" {
		params.After = &after
	}
	r, err := api.ReadFeedWithResponse(ctx, capability, params)
	if err != nil {
		return internalapi.FeedChunk{}, fmt.Errorf("read rows from the %s: %w", d.house, err)
	}
	if r.JSON200 == nil {
		return internalapi.FeedChunk{}, fmt.Errorf("read rows from the %s: %w", d.house, problem.Parse(r.StatusCode(), r.Body))
	}
	return *r.JSON200, nil
}

// apply hands rows over; checkpoint is nil when they come from the tail.
func (d door) apply(ctx context.Context, capability string, events []internalapi.Event, checkpoint *internalapi.FeedCheckpoint) error {
	api, err := d.open()
	if err != nil {
		return err
	}
	r, err := api.ApplyFeedWithResponse(ctx, capability, internalapi.FeedBatch{Events: events, Checkpoint: checkpoint})
	if err != nil {
		return fmt.Errorf("hand rows to the %s: %w", d.house, err)
	}
	if r.JSON200 == nil {
		return fmt.Errorf("hand rows to the %s: %w", d.house, problem.Parse(r.StatusCode(), r.Body))
	}
	return nil
}

// checkpoint returns how far the target has come.
func (d door) checkpoint(ctx context.Context, capability string) (internalapi.FeedCheckpoint, error) {
	api, err := d.open()
	if err != nil {
		return internalapi.FeedCheckpoint{}, err
	}
	r, err := api.ReadCheckpointWithResponse(ctx, capability)
	if err != nil {
		return internalapi.FeedCheckpoint{}, fmt.Errorf("read the checkpoint of the %s: %w", d.house, err)
	}
	if r.JSON200 == nil {
		return internalapi.FeedCheckpoint{}, fmt.Errorf("read the checkpoint of the %s: %w", d.house, problem.Parse(r.StatusCode(), r.Body))
	}
	return *r.JSON200, nil
}
