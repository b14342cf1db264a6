package orderprocessing

import (
	"context"
	"embed"
	"errors"
	"figlab/api/shopapi/orderprocessingapi"
	"figlab/internal/process"
	"figlab/microservices/orderprocessing/saga"
	"figlab/microservices/platform/duty"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
	"time"

	rules "figlab/shop/orderprocessing"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Processing carries orders on.
type Processing struct {
	db   *store.Store
	out  outbox.Outbox
	ask  others
	took orders
	deps process.Deps
	desk *desk
}

// New opens the service's database and binds its addresses.
func New(ctx context.Context, cfg host.Config, deps process.Deps) (_ *host.Host, err error) {
	h, err := host.New(string(shop.OrderProcessing), cfg, deps)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	db, err := h.Store(ctx, migrations)
	if err != nil {
		return nil, err
	}
	p := &Processing{db: db, out: h.Outbox(), deps: deps, desk: newDesk()}
	if p.ask, err = newSiblings(h.Calls()); err != nil {
		return nil, err
	}
	if p.took, err = newTaking(h.Calls()); err != nil {
		return nil, err
	}
	h.Audit(p.audit)
	h.Part(p.desk.workers(p.carry)) // stops last: it finishes what the others have queued
	h.Part(duty.Part(db, deps, "open orders", p.sweeper()))
	h.Consume(p.subscription())
	public, err := h.Contract()
	if err != nil {
		return nil, err
	}
	orderprocessingapi.RegisterHandlers(public, orderprocessingapi.NewStrictHandler(HTTP{p}, nil))
	h.Serve()
	return h, nil
}

// now is the time as the database keeps it, so that what was read is equal to what was written.
func (p *Processing) now() time.Time { return store.Time(store.Micros(p.deps.Now())) }

// owned returns one of the user's orders. Order taking answers for one that was not heard of yet: it stands where every order begins.
func (p *Processing) owned(ctx context.Context, user shop.UserID, id shop.OrderID) (Order, error) {
	o, err := find(p.db.Read(ctx), id)
	switch {
	case err == nil && o.Placed.UserId != string(user):
		return Order{}, shop.ErrNoOrder
	case !errors.Is(err, store.ErrNone):
		return o, err
	}
	placed, err := p.took.Find(ctx, id)
	if err != nil {
		return Order{}, err
	}
	return Order{ID: id, image: placed, Last: rules.Start(placed.CreatedAt)}, nil
}

// Events returns what happened to one of the user's orders.
func (p *Processing) Events(ctx context.Context, user shop.UserID, id shop.OrderID) ([]rules.Event, error) {
	o, err := p.owned(ctx, user, id)
	if err != nil {
		return nil, err
	}
	told, err := events(p.db.Read(ctx), id)
	if err == nil && len(told) == 0 {
		told = []rules.Event{o.Last}
	}
	return told, err
}

// ErrUnderWay is returned when a cancellation was begun and somebody it needs does not answer.
var ErrUnderWay = shop.NewError(shop.Unavailable, "cancellation-under-way",
	"the order is being called back, which takes longer than usual: ask again in a moment")

// cancelWithin is how long a shopper waits for a cancellation.
const cancelWithin = 4 * time.Second

// Cancel calls a confirmed order back that has not been handed to the carrier: first the parcel, then the pieces, then the money. Those who
// ask at once get one answer.
func (p *Processing) Cancel(ctx context.Context, user shop.UserID, id shop.OrderID) (Order, error) {
	o, err := p.owned(ctx, user, id)
	if err != nil {
		return o, err
	}
	if err := saga.Cancellable(o.State); err != nil {
		return o, err
	}
	// What is begun is carried on even if the shopper goes away.
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), cancelWithin)
	defer done()
	if err := p.desk.hold(ctx, id); err != nil {
		return o, ErrUnderWay
	}
	defer p.desk.free(id)
	if o, err = p.cancel(ctx, id); err != nil {
		return o, fmt.Errorf("cancel order %s: %w", id, err)
	}
	return o, saga.Cancellable(o.State)
}

// cancel begins a cancellation, or joins one, and carries it on until it is decided. The caller holds the order.
func (p *Processing) cancel(ctx context.Context, id shop.OrderID) (Order, error) {
	o, err := find(p.db.Read(ctx), id)
	if err != nil {
		return o, err
	}
	o, _, err = p.step(ctx, o, saga.CancelWanted{At: p.now()})
	for err == nil && o.State.Step == saga.Cancelling {
		if wait := o.State.Due.Sub(p.now()); o.State.Pausing && wait > 0 && process.Pause(ctx, wait) != nil {
			p.later(o)
			return o, ErrUnderWay
		}
		o, err = p.goOn(ctx, o)
	}
	if err != nil && ctx.Err() != nil { // no time is left; the sweeper finds the order
		return o, ErrUnderWay
	}
	return o, err
}
