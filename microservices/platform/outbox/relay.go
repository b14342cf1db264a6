package outbox

import (
	"context"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/microservices/platform/store"
	"time"

	"gorm.io/gorm"
)

// publisher is the bus, as far as the relay needs it.
type publisher interface {
	Publish(ctx context.Context, messages ...bus.Message) error
}

const (
	batch         = 256
	tidyEvery     = 250 * time.Millisecond // to delete what was acknowledged, and to try again what was not
	lookEvery     = 2 * time.Second        // at the table, for what a crash left
	orphaned      = 5 * time.Second        // after which another's row is anybody's: the bus drops it should the writer live after all
	publishWithin = 5 * time.Second
)

// Relay returns the part that carries the outbox to the bus. It gets what this process commits as it is committed; a look at the table
// every few seconds finds what a crash, here or at another replica, has left.
func Relay(s *store.Store, to publisher, deps process.Deps) process.Part {
	r := &relay{store: s, to: to, deps: deps}
	return process.Part{Name: "outbox relay", Run: func(ctx context.Context) error {
		look, tidy := time.NewTicker(lookEvery), time.NewTicker(tidyEvery)
		defer look.Stop()
		defer tidy.Stop()
		r.drain(ctx, true) // what an earlier life of this process, or another one, has left
		for {
			select {
			case <-ctx.Done():
				r.last(ctx)
				return nil
			case first := <-s.Emissions():
				r.carry(ctx, r.waiting(first))
			case <-tidy.C:
				r.tidy(ctx)
			case <-look.C:
				r.drain(ctx, true)
			}
		}
	}}
}

// A relay belongs to one goroutine.
type relay struct {
	store  *store.Store
	to     publisher
	deps   process.Deps
	done   []string // ids of rows that the bus has, and that are still in the table
	behind bool     // something in the table has not reached the bus
}

// waiting joins what was committed meanwhile to the first commit.
func (r *relay) waiting(first []store.Emission) []store.Emission {
	for len(first) < batch {
		select {
		case more := <-r.store.Emissions():
			first = append(first, more...)
		default:
			return first
		}
	}
	return first
}

// carry publishes events in order and says whether the bus has taken them.
func (r *relay) carry(ctx context.Context, events []store.Emission) bool {
	messages := make([]bus.Message, len(events))
	for i, e := range events {
		messages[i] = bus.Message{Subject: e.Subject, ID: e.ID, Data: e.Body}
	}
	bounded, cancel := context.WithTimeout(ctx, publishWithin)
	defer cancel()
	if err := r.to.Publish(bounded, messages...); err != nil {
		r.behind = true
		r.warn(ctx, err)
		return false
	}
	for _, e := range events {
		r.done = append(r.done, e.ID)
	}
	return true
}

// tidy deletes what the bus has, and tries again what it has not.
func (r *relay) tidy(ctx context.Context) {
	if r.behind {
		r.drain(ctx, false)
		return
	}
	r.forget(ctx)
}

// forget deletes the rows that the bus has, and says whether none of them is left.
func (r *relay) forget(ctx context.Context) bool {
	if len(r.done) == 0 {
		return true
	}
	err := r.store.Write(ctx, func(tx *store.Tx) error {
		once := tx.Session(&gorm.Session{PrepareStmt: false}) // the number of ids differs: nothing to keep
		return once.Delete(&row{}, "id IN ?", r.done).Error
	})
	if err != nil {
		r.warn(ctx, err)
		return false
	}
	r.done = r.done[:0]
	return true
}

// drain publishes what is in the table, batch by batch: the rows of this process, and with adopt those whose writer must be gone.
func (r *relay) drain(ctx context.Context, adopt bool) {
	r.skip()
	for ctx.Err() == nil && r.forget(ctx) { // else rows that the bus has would be taken for ones it has not
		q := r.store.Read(ctx).Where("writer = ?", r.deps.Name)
		if adopt {
			q = q.Or("written < ?", store.Micros(r.deps.Now().Add(-orphaned)))
		}
		var rows []row
		if err := q.Order("seq").Limit(batch).Find(&rows).Error; err != nil {
			r.warn(ctx, err)
			return
		}
		events := make([]store.Emission, len(rows))
		for i, w := range rows {
			events[i] = store.Emission{ID: w.ID, Subject: w.Subject, Body: []byte(w.Body)}
		}
		if len(events) > 0 && !r.carry(ctx, events) {
			return
		}
		if len(rows) < batch {
			r.behind = false
			return
		}
	}
}

// skip drops what waits in memory: it was committed, so the table has it.
func (r *relay) skip() {
	for {
		select {
		case <-r.store.Emissions():
		default:
			return
		}
	}
}

// last carries what the last requests have written before the process ends: else it would lie there until somebody adopts it.
func (r *relay) last(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	r.drain(ctx, false)
	r.forget(ctx)
}

func (r *relay) warn(ctx context.Context, err error) {
	if ctx.Err() == nil {
		r.deps.Log.WarnContext(ctx, "outbox not relayed", "error", err.Error())
	}
}
