package outbox

import (
	"context"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/microservices/platform/store"
	"time"
)

// publisher is the bus, as far as the relay needs it.
type publisher interface {
	Publish(ctx context.Context, messages ...bus.Message) error
}

const (
	batch     = 256
	lookEvery = 2 * time.Second // for what a crash left
	orphaned  = 5 * time.Second // after which somebody else's row is anybody's: the bus drops it should the writer live after all
)

// Relay returns the part that carries the outbox to the bus. It is woken by commits of this process; a look every few seconds finds what
// a crash, here or at another replica, has left.
func Relay(s *store.Store, to publisher, deps process.Deps) process.Part {
	r := relay{s, to, deps}
	return process.Part{Name: "outbox relay", Run: func(ctx context.Context) error {
		look := time.NewTicker(lookEvery)
		defer look.Stop()
		adopt := true // what an earlier life of this process, or another one, has left
		for {
			n, err := r.drain(ctx, adopt)
			if err != nil && ctx.Err() == nil {
				deps.Log.WarnContext(ctx, "outbox not relayed", "error", err.Error())
			}
			if n == batch && err == nil {
				continue
			}
			select {
			case <-ctx.Done():
				return r.last(ctx)
			case <-s.Emissions():
				adopt = false
			case <-look.C:
				adopt = true
			}
		}
	}}
}

type relay struct {
	store *store.Store
	to    publisher
	deps  process.Deps
}

// last carries what the last requests have written before the process ends: else it would lie there until somebody adopts it.
func (r relay) last(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	for {
		if n, err := r.drain(ctx, false); err != nil || n < batch {
			return nil //nolint:nilerr // the rows are safe: another replica, or the next life of this one, finds them
		}
	}
}

// drain publishes one batch in order and deletes what the bus acknowledged.
func (r relay) drain(ctx context.Context, adopt bool) (int, error) {
	q := r.store.Read(ctx).Where("writer = ?", r.deps.Name)
	if adopt {
		q = q.Or("written < ?", store.Micros(r.deps.Now().Add(-orphaned)))
	}
	var rows []row
	if err := q.Order("seq").Limit(batch).Find(&rows).Error; err != nil || len(rows) == 0 {
		return 0, err
	}
	messages := make([]bus.Message, len(rows))
	seqs := make([]int64, len(rows))
	for i, w := range rows {
		messages[i] = bus.Message{Subject: w.Subject, ID: w.ID, Data: []byte(w.Body)}
		seqs[i] = w.Seq
	}
	bounded, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := r.to.Publish(bounded, messages...); err != nil {
		return 0, err
	}
	return len(rows), r.store.Write(ctx, func(tx *store.Tx) error { return tx.Delete(&row{}, "seq IN ?", seqs).Error })
}
