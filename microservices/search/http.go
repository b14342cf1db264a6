package search

import (
	"context"
	"figlab/api/internalapi/feedapi"
	"figlab/api/shopapi"
	"figlab/api/shopapi/searchapi"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/wire"
	"figlab/shop"
	"time"

	rules "figlab/shop/search"
)

// HTTP serves the contract's search operation.
type HTTP struct{ *Search }

var _ searchapi.StrictServerInterface = HTTP{}

// SearchProducts answers a query.
func (h HTTP) SearchProducts(ctx context.Context, r searchapi.SearchProductsRequestObject) (searchapi.SearchProductsResponseObject, error) {
	found, err := h.Find(ctx, rules.Query{
		Text: r.Params.Q, Category: wire.Or(r.Params.Category, ""), MinPrice: r.Params.MinPrice, MaxPrice: r.Params.MaxPrice,
		Sort: rules.Sort(wire.Or(r.Params.Sort, "")), Limit: wire.Limit(r.Params.Limit),
	})
	if err != nil {
		return nil, err
	}
	if !h.filled.Load() {
		host.Degrade(ctx, "index")
	}
	out := searchapi.SearchProducts200JSONResponse{Items: make([]shopapi.SearchHit, len(found.Hits)), Total: found.Total}
	for i, hit := range found.Hits {
		out.Items[i] = shopapi.SearchHit{
			ProductId: string(hit.Product), Name: hit.Name, Category: hit.Category, Score: hit.Score,
			Price: wire.Money(hit.Price),
		}
	}
	out.Facets.Category, out.Facets.Price = facet(found.Categories), facet(found.Prices)
	return out, nil
}

func facet(counts []rules.Count) []shopapi.FacetCount {
	out := make([]shopapi.FacetCount, len(counts))
	for i, c := range counts {
		out[i] = shopapi.FacetCount{Value: c.Value, Count: c.Count}
	}
	return out
}

// Feed is the door that says how far the index is. Nothing is fed through it: the service fetches for itself.
type Feed struct{ *Search }

var _ feedapi.StrictServerInterface = Feed{}

// Errors of the feed door.
var (
	ErrNotFedHere = shop.NewError(shop.Conflict, "not-fed-here", "an index owns no rows: it is built from the catalog and its events")
	ErrNoFeed     = shop.NewError(shop.NotFound, "no-feed", "this service has no feed of that capability")
)

// ReadFeed refuses.
func (Feed) ReadFeed(context.Context, feedapi.ReadFeedRequestObject) (feedapi.ReadFeedResponseObject, error) {
	return nil, ErrNotFedHere
}

// ApplyFeed refuses.
func (Feed) ApplyFeed(context.Context, feedapi.ApplyFeedRequestObject) (feedapi.ApplyFeedResponseObject, error) {
	return nil, ErrNotFedHere
}

// ReadCheckpoint says how far the index is.
func (f Feed) ReadCheckpoint(ctx context.Context, r feedapi.ReadCheckpointRequestObject) (feedapi.ReadCheckpointResponseObject, error) {
	if r.Capability != string(shop.Search) {
		return nil, ErrNoFeed
	}
	q := f.db.Read(ctx)
	at, err := readBackfill(q)
	if err != nil {
		return nil, err
	}
	rows, err := count(q)
	if err != nil {
		return nil, err
	}
	out := feedapi.ReadCheckpoint200JSONResponse{Backfilled: at.Done, Cursor: wire.Optional(at.Cursor), Rows: &rows}
	bounded, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if n, err := f.bus.Pending(bounded, f.durable(), subjects()); err == nil {
		out.Pending = &n
	}
	return out, nil
}
