package feed

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/strangler/platform/plan"
	"fmt"
	"sync"
	"time"
)

// consumers is the bus as far as a feed needs it.
type consumers interface {
	ConsumeBatch(durable string, subjects []string, most int, handle func(context.Context, []bus.Message) []error) process.Part
	// Pending also makes sure that the consumer exists.
	Pending(ctx context.Context, durable string, subjects []string) (int64, error)
}

// Config of a feed.
type Config struct {
	Capability string
	Plan       plan.Feed
	Source     func() (address string, ok bool) // admin door of the house that owns the rows
	Target     func() (address string, ok bool) // admin door of the one that gets them
	Token      string                           // the run's admin token
}

// A Feed copies one capability.
type Feed struct {
	cfg            Config
	source, target door
	bus            consumers
	deps           process.Deps

	mu    sync.Mutex
	state State
}

// A State says how far a feed has come since the process started.
type State struct {
	Backfilled bool
	Rows       int64 // sent by the backfill
	Events     int64 // sent by the tail
	Failure    error // why it stands still just now, nil when it does not
}

// New returns a feed; its parts do the work.
func New(cfg Config, b consumers, deps process.Deps) *Feed {
	client := deps.Client(10 * time.Second)
	at := func(house string, address func() (string, bool)) door {
		return door{house: house, address: address, client: client, token: cfg.Token}
	}
	return &Feed{
		cfg: cfg, bus: b, deps: deps,
		source: at("monolith", cfg.Source), target: at(cfg.Capability+" service", cfg.Target),
	}
}

// Capability is what it copies.
func (f *Feed) Capability() string { return f.cfg.Capability }

// State returns how far it has come.
func (f *Feed) State() State {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state
}

// Lag returns how many changes on the bus have not been handed over.
func (f *Feed) Lag(ctx context.Context) (int64, error) {
	return f.bus.Pending(ctx, f.durable(), f.cfg.Plan.Events)
}

func (f *Feed) durable() string { return "feed-" + f.cfg.Capability }

// Parts are the backfill, which rests once it is through, and the tail.
func (f *Feed) Parts() []process.Part {
	return []process.Part{
		{Name: "backfill of " + f.cfg.Capability, Run: f.backfill},
		f.bus.ConsumeBatch(f.durable(), f.cfg.Plan.Events, f.cfg.Plan.Chunk, bus.Whole(f.tail)),
	}
}

// backfill tries until all rows have been copied once. The pause between tries grows to two seconds.
func (f *Feed) backfill(ctx context.Context) error {
	wait := 50 * time.Millisecond
	for ctx.Err() == nil {
		err := f.copy(ctx)
		f.note(func(s *State) { s.Backfilled, s.Failure = err == nil, err })
		if err == nil {
			<-ctx.Done()
			return nil
		}
		if !errors.Is(err, errAway) && !errors.Is(err, bus.ErrAway) && ctx.Err() == nil {
			f.deps.Log.WarnContext(ctx, "backfill interrupted", "capability", f.cfg.Capability, "error", err.Error())
		}
		_ = process.Pause(ctx, wait) // the loop looks at ctx
		wait = min(2*wait, 2*time.Second)
	}
	return nil
}

// copy goes on where the target stands.
func (f *Feed) copy(ctx context.Context) error {
	if _, err := f.Lag(ctx); err != nil { // from here on the tail misses nothing
		return err
	}
	at, err := f.target.checkpoint(ctx, f.cfg.Capability)
	if err != nil {
		return err
	}
	for !at.Backfilled {
		cursor := ""
		if at.Cursor != nil {
			cursor = *at.Cursor
		}
		chunk, err := f.source.read(ctx, f.cfg.Capability, cursor, f.cfg.Plan.Chunk)
		if err != nil {
			return err
		}
		at = internalapi.FeedCheckpoint{Cursor: chunk.Next, Backfilled: chunk.Next == nil}
		if err := f.target.apply(ctx, f.cfg.Capability, chunk.Events, &at); err != nil {
			return err
		}
		f.note(func(s *State) { s.Rows += int64(len(chunk.Events)) })
	}
	return nil
}

// tail hands a batch of changes over. What the target refuses as wrong goes back to the bus and in the end to the dead letters; a target
// that cannot be reached is waited for, because a change that is given up would be missing for ever.
func (f *Feed) tail(ctx context.Context, messages []bus.Message) error {
	events := make([]internalapi.Event, len(messages))
	for i, m := range messages {
		if err := json.Unmarshal(m.Data, &events[i]); err != nil {
			return bus.Poison(fmt.Errorf("feed %s: message %s: %w", f.cfg.Capability, m.ID, err))
		}
	}
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := f.hand(ctx, events)
		f.note(func(s *State) { s.Failure = err })
		if err == nil || refused(err) || ctx.Err() != nil {
			return err
		}
		_ = process.Pause(ctx, wait) // the loop looks at ctx
	}
}

func (f *Feed) hand(ctx context.Context, events []internalapi.Event) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := f.target.apply(ctx, f.cfg.Capability, events, nil); err != nil {
		return err
	}
	f.note(func(s *State) { s.Events += int64(len(events)) })
	return nil
}

// refused says whether the target has seen the rows and will never take them.
func refused(err error) bool {
	var p *problem.Error
	return errors.As(err, &p) && (p.Kind == "invalid" || p.Kind == "malformed" || p.Kind == "not-found")
}

func (f *Feed) note(change func(*State)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.state)
}
