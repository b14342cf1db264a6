package search

import (
	"context"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/microservices/platform/store"
	"fmt"
	"time"
)

// This service follows the catalog's changes and tells none of its own: an index owns nothing.

// changes is the bus as far as this service needs it.
type changes interface {
	// Pending also makes sure that the consumer exists.
	Pending(ctx context.Context, durable string, subjects []string) (int64, error)
}

const (
	atOnce      = 256             // messages in a batch
	indexWithin = 5 * time.Second // for one try to write a batch
)

func subjects() []string { return []string{"shop.catalog.product-changed"} }

// durable names the consumer: each instance has an index of its own, so each must see every change.
func (s *Search) durable() string { return "index-" + s.deps.Name }

// follow takes in a batch of changes. It waits for its own store as long as it takes, because a change that is given up would be missing
// for ever; only what cannot be read is given back, to the dead letters.
func (s *Search) follow(ctx context.Context, messages []bus.Message) []error {
	products, verdicts := read(messages)
	for wait := firstPause; ; wait = min(2*wait, longestWait) {
		err := s.take(ctx, products)
		if err == nil {
			return verdicts
		}
		if ctx.Err() != nil {
			return all(len(messages), err)
		}
		s.deps.Log.WarnContext(ctx, "changes not indexed yet", "changes", len(products), "error", err.Error())
		_ = process.Pause(ctx, wait) // the loop looks at ctx
	}
}

// all is one verdict for n messages.
func all(n int, verdict error) []error {
	verdicts := make([]error, n)
	for i := range verdicts {
		verdicts[i] = verdict
	}
	return verdicts
}

func (s *Search) take(ctx context.Context, products []shopapi.Product) error {
	ctx, cancel := context.WithTimeout(ctx, indexWithin)
	defer cancel()
	return s.db.Write(ctx, func(tx *store.Tx) error { return index(tx.DB, products) })
}

// read returns the products that changed, and a verdict on each message: what cannot be read never will be.
func read(messages []bus.Message) (products []shopapi.Product, verdicts []error) {
	verdicts = make([]error, len(messages))
	for i, m := range messages {
		p, err := product(m.Data)
		if err != nil {
			verdicts[i] = bus.Poison(fmt.Errorf("message %s: %w", m.ID, err))
			continue
		}
		products = append(products, p)
	}
	return products, verdicts
}

func product(data []byte) (p shopapi.Product, err error) {
	var e internalapi.Event
	if err := json.Unmarshal(data, &e); err != nil {
		return p, fmt.Errorf("not an event: %w", err)
	}
	if e.Schema != 1 {
		return p, fmt.Errorf("event %s: schema %d is not known here", e.Id, e.Schema)
	}
	if err := json.Unmarshal(e.Data, &p); err != nil {
		return p, fmt.Errorf("event %s: its data is not a product: %w", e.Id, err)
	}
	if p.Id == "" || p.Id != e.Key || p.Version < 1 || p.Version != e.Version {
		return p, fmt.Errorf("event %s: %q at version %d does not fit its data", e.Id, e.Key, e.Version)
	}
	return p, nil
}
