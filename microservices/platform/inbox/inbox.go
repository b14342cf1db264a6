// Package inbox gives events an effect exactly once, however often and in whatever order they come: that an event was handled is written in
// the transaction of what it caused, so the second delivery finds it there.
//
// Events come in batches and a batch is one transaction; when that fails each event gets one of its own, so that only the one that is at
// fault has to come again. What cannot be read, or is of a version that nobody here knows, goes to the dead letters at once and loudly.
package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/internalapi"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
	"slices"
	"sync/atomic"
)

// A Kind of event: what is said by whom, and in which shape.
type Kind struct {
	Capability shop.Capability
	Type       string
	Schema     int
}

// subject is where events of a kind are published.
func (k Kind) subject() string { return "shop." + string(k.Capability) + "." + k.Type }

// A Handler gives an event its effect, in the transaction that also notes that it was handled. It must not wait for anybody outside the
// database. An event may be older than what is known already: the handler compares versions.
type Handler func(ctx context.Context, tx *store.Tx, e internalapi.Event) error

// A Subscription is which events a service handles. All replicas of a service share it by its name: each event reaches one of them.
type Subscription struct {
	Durable string
	Events  map[Kind]Handler
	// Skip says that an event is nothing to the service: it is not handled, and costs no transaction. It may look at the database, but an
	// event it lets pass must be handled as if it had not looked.
	Skip func(ctx context.Context, e internalapi.Event) bool
	// Idempotent says that every handler has its effect once by itself, by a key or a version it compares: nothing needs to be noted.
	Idempotent bool
}

// Subjects lists where its events are published.
func (s Subscription) Subjects() (all []string) {
	for k := range s.Events {
		all = append(all, k.subject())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Poison returns the error for an event that will never be handled: it goes to the dead letters at once.
func Poison(format string, args ...any) error { return bus.Poison(fmt.Errorf(format, args...)) }

// SkipUnless skips the events of aggregates that are in none of some states.
func SkipUnless(states ...string) func(context.Context, internalapi.Event) bool {
	return func(_ context.Context, e internalapi.Event) bool {
		var data struct{ State *string }
		if err := json.Unmarshal(e.Data, &data); err != nil || data.State == nil {
			return false // what cannot be read is the handler's
		}
		return !slices.Contains(states, *data.State)
	}
}

// A Consumer handles the events of a subscription.
type Consumer struct {
	Subscription
	db                  *store.Store
	deps                process.Deps
	handled, duplicates atomic.Int64
}

// New returns a consumer that keeps what it has handled in the service's own database.
func New(s Subscription, db *store.Store, deps process.Deps) *Consumer {
	return &Consumer{Subscription: s, db: db, deps: deps}
}

// Counts says how many events were handled here, and how many had been handled before.
func (c *Consumer) Counts() (handled, duplicates int64) { return c.handled.Load(), c.duplicates.Load() }

// letter is an event with the message it came in.
type letter struct {
	at     int // in the batch
	event  internalapi.Event
	handle Handler
}

// Handle gives a batch its effects. It returns one error for each message: nil where the effect is there.
func (c *Consumer) Handle(ctx context.Context, messages []bus.Message) []error {
	errs := make([]error, len(messages))
	var letters []letter
	for i, m := range messages {
		l := letter{at: i}
		if l.event, l.handle, errs[i] = c.open(m); errs[i] == nil && (c.Skip == nil || !c.Skip(ctx, l.event)) {
			letters = append(letters, l)
		}
	}
	if len(letters) == 0 || c.apply(ctx, letters) == nil {
		return errs
	}
	for _, l := range letters {
		errs[l.at] = again(c.apply(ctx, []letter{l}))
	}
	return errs
}

// again says how a failure is tried again. A database that is away is waited for as long as it takes: an event that is given up would be
// missing for ever. What a rule or a constraint forbids will be forbidden the next time too: after some tries it goes to the dead letters.
func again(err error) error {
	var rule *shop.Error
	if err == nil || bus.Poisoned(err) || errors.As(err, &rule) || errors.Is(err, store.ErrDuplicate) {
		return err
	}
	return bus.Later(err)
}

// open reads a message.
func (c *Consumer) open(m bus.Message) (e internalapi.Event, h Handler, err error) {
	if err := json.Unmarshal(m.Data, &e); err != nil {
		return e, nil, Poison("message %s is no event: %w", m.ID, err)
	}
	h, ok := c.Events[Kind{shop.Capability(e.Capability), e.Type, e.Schema}]
	switch {
	case !ok:
		return e, nil, Poison("event %s: schema %d of %s.%s is not known here", e.Id, e.Schema, e.Capability, e.Type)
	case shop.CheckID(e.Id) != nil || e.Key == "" || e.Version < 1:
		return e, nil, Poison("event %q of %s.%s: id, key or version is missing", e.Id, e.Capability, e.Type)
	}
	return e, h, nil
}

// apply gives some events their effects, all or none.
func (c *Consumer) apply(ctx context.Context, letters []letter) error {
	var fresh []letter
	err := c.db.Write(ctx, func(tx *store.Tx) (err error) {
		if fresh = letters; !c.Idempotent {
			if fresh, err = c.claim(tx, letters); err != nil {
				return err
			}
		}
		for _, l := range fresh {
			if err := l.handle(ctx, tx, l.event); err != nil {
				return fmt.Errorf("event %s of %s.%s: %w", l.event.Id, l.event.Capability, l.event.Type, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.handled.Add(int64(len(fresh)))
	c.duplicates.Add(int64(len(letters) - len(fresh)))
	return nil
}

// claim notes that events are handled, and returns those that were not before.
func (c *Consumer) claim(tx *store.Tx, letters []letter) ([]letter, error) {
	seen, err := handledBefore(tx, c.Durable, letters)
	if err != nil {
		return nil, err
	}
	var fresh []letter
	rows := make([]row, 0, len(letters))
	at := store.Micros(c.deps.Now())
	for _, l := range letters {
		if seen[l.event.Id] {
			continue
		}
		seen[l.event.Id] = true
		fresh = append(fresh, l)
		rows = append(rows, row{Consumer: c.Durable, EventID: l.event.Id, Handled: at})
	}
	if len(rows) == 0 {
		return nil, nil
	}
	if err := tx.Create(&rows).Error; err != nil {
		return nil, fmt.Errorf("note what is handled: %w", err)
	}
	return fresh, nil
}
