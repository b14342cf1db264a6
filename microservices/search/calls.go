package search

import (
	"context"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"figlab/internal/process"
	"figlab/microservices/platform/call"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/store"
	"figlab/microservices/platform/wire"
	"figlab/shop"
	"fmt"
	"time"
)

// The catalog is asked for everything once, at the beginning, never while a shopper waits. When it does not answer, the backfill waits and
// goes on where it stopped; searches are answered meanwhile from what is there.
type catalog struct{ api *shopapi.ClientWithResponses }

const (
	pageSize    = 100              // products; the most the contract gives
	pageWithin  = 10 * time.Second // for one page
	firstPause  = 50 * time.Millisecond
	longestWait = 2 * time.Second
)

func filling() call.Policy {
	return call.Policy{
		To: string(shop.Catalog), Why: "all products, once, for the index", Timeout: pageWithin, Attempts: 3, Bulkhead: 1,
		Fallback: "the index as far as it is built",
	}
}

// Calls is whom this service asks: the catalog.
func Calls() []call.Policy { return []call.Policy{filling()} }

// newCatalog returns the catalog at an address, or whichever instance of the service the registry knows.
func newCatalog(h *host.Host, url string) (catalog, error) {
	p := filling()
	if url == "" {
		url = "http://" + p.To
	}
	api, err := shopapi.NewClientWithResponses(url, shopapi.WithHTTPClient(h.Client(p)))
	if err != nil {
		return catalog{}, fmt.Errorf("catalog at %s: %w", url, err)
	}
	return catalog{api}, nil
}

// page returns the products after a cursor and the cursor of the next page, "" on the last.
func (c catalog) page(ctx context.Context, after string) ([]shopapi.Product, string, error) {
	limit := pageSize
	r, err := c.api.ListProductsWithResponse(ctx, &shopapi.ListProductsParams{After: wire.Optional(after), Limit: &limit})
	if err != nil {
		return nil, "", fmt.Errorf("read the catalog: %w", err)
	}
	if r.JSON200 == nil {
		return nil, "", fmt.Errorf("read the catalog: %w", problem.Parse(r.StatusCode(), r.Body))
	}
	return r.JSON200.Items, wire.Or(r.JSON200.Next, ""), nil
}

// backfiller returns the part that reads the whole catalog once in the life of the index, and rests when that is done.
func (s *Search) backfiller() process.Part {
	return process.Part{Name: "backfill", Run: func(ctx context.Context) error {
		for wait := firstPause; ctx.Err() == nil; wait = min(2*wait, longestWait) {
			err := s.fill(ctx)
			if err == nil {
				<-ctx.Done()
				return nil
			}
			if ctx.Err() == nil {
				s.deps.Log.WarnContext(ctx, "backfill interrupted", "error", err.Error())
			}
			_ = process.Pause(ctx, wait) // the loop looks at ctx
		}
		return nil
	}}
}

// fill goes on where the index stands. Each page is committed with its cursor.
func (s *Search) fill(ctx context.Context) error {
	at, err := readBackfill(s.db.Read(ctx))
	if err != nil || at.Done { // what was done in an earlier life was known from the start
		return err
	}
	if _, err := s.bus.Pending(ctx, s.durable(), subjects()); err != nil { // from here on no change is missed
		return err
	}
	for !at.Done {
		products, next, err := s.catalog.page(ctx, at.Cursor)
		if err != nil {
			return err
		}
		if next == "" {
			at.Done = true
		} else {
			at.Cursor = next
		}
		err = s.db.Write(ctx, func(tx *store.Tx) error {
			if err := index(tx.DB, products); err != nil {
				return err
			}
			return writeBackfill(tx.DB, at)
		})
		if err != nil {
			return err
		}
	}
	s.filled.Store(true)
	return nil
}
