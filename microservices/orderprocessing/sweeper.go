package orderprocessing

import (
	"context"
	"figlab/internal/process"
	"figlab/microservices/platform/store"
	"time"
)

// lookEvery is how often the sweeper looks, and how late an order must be before it does something about it: whoever asked a sibling and
// heard nothing looks again by itself.
const lookEvery = 500 * time.Millisecond

// sweeper returns the part that finds what nobody carries on: after a crash here or at another replica, or when there was too much to do.
// At first everything open is picked up, whether or not it is due: whoever was at work on it may be gone.
func (p *Processing) sweeper() process.Part {
	return process.Part{Name: "sweeper", Run: func(ctx context.Context) error {
		look := time.NewTicker(lookEvery)
		defer look.Stop()
		for before := int64(0); ; before = store.Micros(p.now().Add(-lookEvery)) {
			if err := p.sweep(ctx, before); err != nil && ctx.Err() == nil {
				p.deps.Log.WarnContext(ctx, "open orders not looked for", "error", err.Error())
			}
			select {
			case <-look.C:
			case <-ctx.Done():
				return nil
			}
		}
	}}
}

func (p *Processing) sweep(ctx context.Context, before int64) error {
	ids, err := due(p.db.Read(ctx), before, queued)
	if err != nil {
		return err
	}
	for _, id := range ids {
		p.desk.put(id)
	}
	return nil
}
