package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/internalapi/feedapi"
	"figlab/api/shopapi"
	"figlab/microservices/platform/store"
	"figlab/microservices/platform/wire"
	"figlab/shop"
	"fmt"

	rules "figlab/shop/catalog"
)

// Feed is the door by which rows come in, as long as somebody else owns them, and go out to whoever copies them.
type Feed struct{ *Catalog }

var _ feedapi.StrictServerInterface = Feed{}

// Errors of the feed door.
var (
	ErrNotFedHere = shop.NewError(shop.Conflict, "not-fed-here", "this service owns the capability: rows go out, not in")
	ErrNoFeed     = shop.NewError(shop.NotFound, "no-feed", "this service has no feed of that capability")
)

// malformed is an event that will never be a row.
func malformed(e internalapi.Event, why string) error {
	detail := fmt.Sprintf("event %q of %q: %s; nothing of the batch was applied", e.Id, e.Key, why)
	return shop.NewError(shop.Invalid, "malformed-event", detail)
}

// ApplyFeed applies the events that are newer than what is here, together with the checkpoint, or nothing.
func (f Feed) ApplyFeed(ctx context.Context, r feedapi.ApplyFeedRequestObject) (feedapi.ApplyFeedResponseObject, error) {
	if r.Capability != string(shop.Catalog) {
		return nil, ErrNoFeed
	}
	if f.owns {
		return nil, ErrNotFedHere
	}
	rows, err := newest(r.Body.Events)
	if err != nil {
		return nil, err
	}
	var applied int64
	err = f.db.Write(ctx, func(tx *store.Tx) error {
		if applied, err = upsert(tx.DB, rows); err != nil || r.Body.Checkpoint == nil {
			return err
		}
		at := r.Body.Checkpoint
		return writeCheckpoint(tx.DB, checkpoint{Cursor: wire.Or(at.Cursor, ""), Backfilled: at.Backfilled})
	})
	if errors.Is(err, store.ErrDuplicate) { // trying again would not help, and the feed must know that
		return nil, shop.NewError(shop.Invalid, "malformed-event", "two products have one SKU; nothing of the batch was applied")
	}
	if err != nil {
		return nil, fmt.Errorf("apply the feed: %w", err)
	}
	if err := f.forgetAll(ctx, r.Body.Events); err != nil {
		return nil, err
	}
	return feedapi.ApplyFeed200JSONResponse{Applied: int(applied), Skipped: len(r.Body.Events) - int(applied)}, nil
}

// forgetAll makes what was fed visible at once: the event that told of it came before the rows did.
func (f Feed) forgetAll(ctx context.Context, events []internalapi.Event) error {
	ids := make([]string, len(events))
	for i, e := range events {
		f.kept.owner(e.Epoch)
		ids[i] = e.Key
	}
	return f.kept.forget(ctx, ids...)
}

// newest returns one row for each product of the batch: one statement cannot write the same row twice.
func newest(events []internalapi.Event) ([]row, error) {
	rows, at := make([]row, 0, len(events)), make(map[string]int, len(events))
	for _, e := range events {
		p, err := product(e)
		if err != nil {
			return nil, err
		}
		i, seen := at[e.Key]
		switch {
		case !seen:
			at[e.Key] = len(rows)
			rows = append(rows, toRow(p))
		case p.Version > rows[i].Version:
			rows[i] = toRow(p)
		}
	}
	return rows, nil
}

// product reads an event, and holds it to the rules of the catalog.
func product(e internalapi.Event) (rules.Product, error) {
	if e.Capability != string(shop.Catalog) || e.Type != "product-changed" || e.Schema != 1 {
		return rules.Product{}, malformed(e, fmt.Sprintf("%s.%s of schema %d is not known here", e.Capability, e.Type, e.Schema))
	}
	if wire.Or(e.Deleted, false) {
		return rules.Product{}, malformed(e, "a product is taken off sale, never deleted")
	}
	var w shopapi.Product
	if err := json.Unmarshal(e.Data, &w); err != nil {
		return rules.Product{}, malformed(e, "its data is not a product")
	}
	return checked(e, w)
}

// checked returns the product of an event, if the two fit and it is one the catalog could hold.
func checked(e internalapi.Event, w shopapi.Product) (rules.Product, error) {
	switch {
	case e.Key != w.Id || e.Version != w.Version || e.Version < 1:
		return rules.Product{}, malformed(e, fmt.Sprintf("version %d does not fit its data: %q, version %d", e.Version, w.Id, w.Version))
	case w.Sku == "" || w.Category == "" || w.CreatedAt.IsZero() || w.UpdatedAt.IsZero():
		return rules.Product{}, malformed(e, "its product lacks fields")
	}
	p := fromWire(w)
	if err := errors.Join(shop.CheckID(w.Id), p.Check()); err != nil {
		return rules.Product{}, malformed(e, err.Error())
	}
	return p, nil
}

// ReadFeed returns a chunk of rows in key order.
func (f Feed) ReadFeed(ctx context.Context, r feedapi.ReadFeedRequestObject) (feedapi.ReadFeedResponseObject, error) {
	if r.Capability != string(shop.Catalog) {
		return nil, ErrNoFeed
	}
	after, err := rules.ParseCursor(wire.Or(r.Params.After, ""))
	if err != nil {
		return nil, err
	}
	limit := wire.Or(r.Params.Limit, 500)
	if limit < 1 || limit > 1000 { // these doors are not validated against their contract
		return nil, shop.NewError(shop.Invalid, "invalid-limit", "limit is from 1 to 1000")
	}
	found, err := chunk(f.db.Read(ctx), after, limit)
	if err != nil {
		return nil, err
	}
	out := feedapi.ReadFeed200JSONResponse{Events: make([]internalapi.Event, len(found))}
	for i, p := range found {
		if out.Events[i], err = f.event(p); err != nil {
			return nil, err
		}
	}
	if len(found) == limit {
		out.Next = wire.Optional(rules.Cursor(found[limit-1].ID))
	}
	return out, nil
}

// event is a row as it goes out. Its origin says whether it was made here or fed in.
func (f Feed) event(p rules.Product) (internalapi.Event, error) {
	e, err := f.out.Event(changed(p))
	if !f.owns {
		e.Origin = "sync"
	}
	return e, err
}

// ReadCheckpoint says how far the feed has come here.
func (f Feed) ReadCheckpoint(ctx context.Context, r feedapi.ReadCheckpointRequestObject) (feedapi.ReadCheckpointResponseObject, error) {
	if r.Capability != string(shop.Catalog) {
		return nil, ErrNoFeed
	}
	q := f.db.Read(ctx)
	at, err := readCheckpoint(q)
	if err != nil {
		return nil, err
	}
	var rows int64
	if err := q.Model(&row{}).Count(&rows).Error; err != nil {
		return nil, fmt.Errorf("count products: %w", err)
	}
	return feedapi.ReadCheckpoint200JSONResponse{Cursor: wire.Optional(at.Cursor), Backfilled: at.Backfilled, Rows: &rows}, nil
}
