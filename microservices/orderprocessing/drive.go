package orderprocessing

import (
	"context"
	"errors"
	"figlab/microservices/orderprocessing/saga"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"math/rand/v2"
	"time"
)

// carry carries an order on until it waits or is over. The caller holds the order.
func (p *Processing) carry(ctx context.Context, id shop.OrderID) {
	o, err := find(p.db.Read(ctx), id)
	if err == nil {
		o, err = p.goOn(ctx, o)
	}
	if err != nil { // what was not written is found by the sweeper
		p.deps.Log.WarnContext(ctx, "order is left for later", "order", string(id), "error", err.Error())
		return
	}
	p.later(o)
}

// goOn makes the call an order waits for and takes the answer in, call after call, until there is none to make now. A crash between a call
// and its step is followed by the same call.
func (p *Processing) goOn(ctx context.Context, o Order) (_ Order, err error) {
	effects := saga.Pending(o.State)
	if now := p.now(); saga.Open(o.State) && !now.Before(o.State.Due) {
		if o, effects, err = p.step(ctx, o, saga.Woken{At: now}); err != nil {
			return o, err
		}
	}
	for op, ok := asked(effects); ok; op, ok = asked(effects) {
		id, said, why := p.ask.Ask(ctx, op, o)
		if err := ctx.Err(); err != nil {
			return o, err // given up by us: that says nothing about whoever was asked
		}
		if why != nil {
			p.deps.Log.WarnContext(ctx, "nobody knows what came of a call",
				"order", string(o.ID), "operation", string(op), "attempt", o.State.Attempts+1, "error", why.Error())
		}
		if o, effects, err = p.step(ctx, o, saga.Answer{Op: op, Outcome: said, ID: id, At: p.now()}); err != nil {
			return o, err
		}
	}
	return o, nil
}

// step takes an event in, and returns the order as it is then and what is to be done. Whoever finds that somebody else was faster takes the
// event into what that one has written: the machine knows what is stale.
func (p *Processing) step(ctx context.Context, o Order, e saga.Event) (Order, []saga.Effect, error) {
	for {
		t, err := o.hear(e, p.now())
		if err != nil || t.after.State.Version == o.State.Version {
			return o, t.effects, err
		}
		err = p.db.Write(ctx, func(tx *store.Tx) error { return p.save(tx, o, t) })
		switch {
		case err == nil:
			return t.after, t.effects, nil
		case !errors.Is(err, errOvertaken):
			return o, nil, err
		}
		if o, err = find(p.db.Read(ctx), o.ID); err != nil {
			return o, nil, err
		}
	}
}

// later has an order looked at again when its pause is over, a little earlier or later than others that failed with it.
func (p *Processing) later(o Order) {
	if !o.State.Pausing {
		return
	}
	wait := max(o.State.Due.Sub(p.now()), time.Millisecond)
	wait += rand.N(min(wait, lookEvery) / 4) //nolint:gosec // a pause needs no secrecy
	time.AfterFunc(wait, func() { p.desk.put(o.ID) })
}
