package fault

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// TTL is how long a lease holds unless it is renewed.
	TTL = time.Minute

	patience = 2 * time.Second       // what a probe may take, beside the delay
	verify   = 5 * time.Second       // how long the link may take to be as it was
	retry    = 50 * time.Millisecond // between two looks at it
)

// ErrNotUndone is returned when a link was healed, but no probe showed it as it was before the fault.
var ErrNotUndone = errors.New("healed, but not seen as it was before")

// An effect is what a fault does, and how to tell.
type effect struct {
	kind     string
	act      func(ctx context.Context) error
	acted    func(sight) bool
	gone     func(before, now time.Duration) bool // the round trip shows no effect any more
	patience time.Duration                        // the bound of a probe while the fault is on
}

// A Lease is a fault in force. Its methods may be called by several goroutines.
type Lease struct {
	on     Target
	effect effect
	watch  *watch
	done   chan struct{}
	expiry *time.Timer

	turn   chan struct{} // holds a token while somebody heals
	lifted bool          // the link was healed; guarded by turn

	mu      sync.Mutex
	undone  bool
	expired bool
}

// hold looks at the link, breaks it, and looks again.
func hold(ctx context.Context, on Target, e effect) (*Lease, error) {
	w := &watch{on: on, start: time.Now()}
	if err := w.baseline(ctx); err != nil {
		return nil, fmt.Errorf("%s on %s: no baseline: %w", e.kind, on.ID(), err)
	}
	l := &Lease{on: on, effect: e, watch: w, done: make(chan struct{}), turn: make(chan struct{}, 1)}
	w.begin()
	if err := e.act(ctx); err != nil {
		return nil, fmt.Errorf("inject %s: %w", e.kind, errors.Join(err, on.Heal(context.WithoutCancel(ctx))))
	}
	l.mu.Lock()
	l.expiry = time.AfterFunc(TTL, func() { l.expire(context.WithoutCancel(ctx)) })
	l.mu.Unlock()
	w.look(ctx, e.patience)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("inject %s on %s: %w", e.kind, on.ID(), errors.Join(err, l.Heal(context.WithoutCancel(ctx))))
	}
	return l, nil
}

// Renew lets the lease hold for ttl from now. A lease that has ended stays ended.
func (l *Lease) Renew(ttl time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expiry.Reset(ttl)
}

// Done is closed when the fault is undone.
func (l *Lease) Done() <-chan struct{} { return l.done }

// Undone says whether the fault was lifted and the link seen to be as before.
func (l *Lease) Undone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.undone
}

// Expired says whether the lease ended by itself: the load of the run may then have met a sound link.
func (l *Lease) Expired() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.expired
}

// Acted says whether there is proof that the fault acted.
func (l *Lease) Acted() bool { return l.effect.acted(l.watch.sight()) }

// Evidence returns what was seen; the keys say the unit.
func (l *Lease) Evidence() map[string]float64 { return l.watch.sight().evidence() }

// Heal lifts the fault and probes until the link is as it was before. The fault is lifted even when ctx has ended, for a run that was
// interrupted must not leave it behind; only the probing ends with ctx. Healing again is no error; after an error it may be tried again.
// A link that does not come back is ErrNotUndone, one that hangs link.ErrWedged.
func (l *Lease) Heal(ctx context.Context) error {
	l.turn <- struct{}{} // whoever has the turn is bounded
	defer func() { <-l.turn }()
	if l.Undone() {
		return nil
	}
	if !l.lifted {
		l.watch.look(ctx, l.effect.patience)
		l.watch.finish()
		if err := l.on.Heal(context.WithoutCancel(ctx)); err != nil {
			return fmt.Errorf("lift %s: %w", l.effect.kind, err)
		}
		l.lifted = true
	}
	if err := l.watch.recovered(ctx, l.effect.gone); err != nil {
		return fmt.Errorf("%s on %s: %w", l.effect.kind, l.on.ID(), err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expiry.Stop()
	l.undone = true
	close(l.done)
	return nil
}

// expire heals in the holder's place. When that fails it tries again, for nobody else may.
func (l *Lease) expire(ctx context.Context) {
	l.mu.Lock()
	if l.undone {
		l.mu.Unlock()
		return
	}
	l.expired = true
	l.mu.Unlock()
	for range 3 {
		if l.Heal(ctx) == nil {
			return
		}
	}
}
