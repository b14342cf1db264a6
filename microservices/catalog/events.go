package catalog

import (
	"context"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/microservices/platform/outbox"

	rules "figlab/shop/catalog"
)

// This service tells of the products it owns. A copy tells nothing: who owns the products has told everybody already, and an event from
// here about a row that was fed in would be the same news a second time.
//
// It hears of products too, each process for itself and only to forget what it keeps: the change is in the table that all replicas share
// before anybody is told.

// changed is the event of a change: the full image.
func changed(p rules.Product) outbox.Change {
	return outbox.Change{Type: "product-changed", Key: string(p.ID), Version: p.Version, Data: toWire(p)}
}

// changes is the bus as far as this service needs it.
type changes interface {
	Follow(subjects []string, handle func(bus.Message), gap func()) process.Part
}

func subjects() []string { return []string{"shop.catalog.product-changed"} }

// follower returns the part that forgets what others have changed.
func (k *kept) follower(c changes) process.Part {
	return process.Part{Name: "forgetting", Run: func(ctx context.Context) error {
		heard := func(m bus.Message) { k.heard(ctx, m) }
		return c.Follow(subjects(), heard, func() { k.clear(ctx) }).Run(ctx)
	}}
}

// heard forgets the product of an event. When it cannot be said which one that is, all are forgotten.
func (k *kept) heard(ctx context.Context, m bus.Message) {
	var e internalapi.Event
	if err := json.Unmarshal(m.Data, &e); err != nil || e.Key == "" {
		k.clear(ctx)
		return
	}
	k.owner(e.Epoch)
	k.told(ctx, e.Key)
}

// clear forgets everything: changes may have been missed.
func (k *kept) clear(ctx context.Context) {
	if err := k.cache.Clear(ctx); err != nil {
		k.deps.Log.WarnContext(ctx, "what may have changed is not forgotten yet", "error", err.Error())
	}
}
