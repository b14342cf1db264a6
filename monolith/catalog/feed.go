package catalog

import (
	"context"
	"figlab/api/internalapi"
	"figlab/api/internalapi/feedapi"
	"figlab/monolith/platform/wire"
	"figlab/shop"

	rules "figlab/shop/catalog"
)

// Feed serves the rows of the catalog to whoever copies them. Nothing is fed in here: this house owns the catalog.
type Feed struct{ *Module }

var _ feedapi.StrictServerInterface = Feed{}

// Errors of the feed door.
var (
	ErrNotFedHere = shop.NewError(shop.Conflict, "not-fed-here", "this house owns the capability: rows go out, not in")
	ErrNoFeed     = shop.NewError(shop.NotFound, "no-feed", "this house has no feed of that capability")
)

// ReadFeed returns a chunk of rows in key order.
func (f Feed) ReadFeed(ctx context.Context, r feedapi.ReadFeedRequestObject) (feedapi.ReadFeedResponseObject, error) {
	if r.Capability != string(shop.Catalog) {
		return nil, ErrNoFeed
	}
	limit := 500
	if r.Params.Limit != nil {
		limit = *r.Params.Limit
	}
	after, err := rules.ParseCursor(wire.Value(r.Params.After))
	if err != nil {
		return nil, err
	}
	rows, err := chunk(f.db.Read(ctx), after, limit)
	if err != nil {
		return nil, err
	}
	out := feedapi.ReadFeed200JSONResponse{Events: make([]internalapi.Event, len(rows))}
	for i, p := range rows {
		if out.Events[i], err = f.out.Event(change(p)); err != nil {
			return nil, err
		}
	}
	if len(rows) == limit {
		out.Next = wire.Optional(rules.Cursor(rows[limit-1].ID))
	}
	return out, nil
}

// ApplyFeed refuses.
func (f Feed) ApplyFeed(context.Context, feedapi.ApplyFeedRequestObject) (feedapi.ApplyFeedResponseObject, error) {
	return nil, ErrNotFedHere
}

// ReadCheckpoint refuses.
func (f Feed) ReadCheckpoint(context.Context, feedapi.ReadCheckpointRequestObject) (feedapi.ReadCheckpointResponseObject, error) {
	return nil, ErrNotFedHere
}
