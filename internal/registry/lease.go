package registry

import (
	"context"
	"encoding/json"
	"figlab/internal/process"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// tolerated is how many beats in a row may find the process unhealthy: at that one the entry is taken back.
const tolerated = 2

// A lease is one entry and its state.
type lease struct {
	registry *Registry
	key      string
	entry    []byte
	healthy  func() error
	held     jetstream.KeyValue // where the entry may stand; nil when it certainly does not
	ill      int                // beats in a row
}

// Lease returns the part that registers an instance, renews the entry while healthy says nil (a nil healthy: always), and takes it back
// when it is stopped or has been unhealthy for two beats. It is put again as soon as the process is healthy.
func (r *Registry) Lease(i Instance, healthy func() error) process.Part {
	return process.Part{Name: "lease of " + i.Name, Run: func(ctx context.Context) error {
		at, err := key(i)
		if err != nil {
			return err
		}
		entry, err := json.Marshal(i)
		if err != nil {
			return fmt.Errorf("register %s: %w", i.Name, err)
		}
		if healthy == nil {
			healthy = func() error { return nil }
		}
		l := &lease{registry: r, key: at, entry: entry, healthy: healthy}
		for ctx.Err() == nil {
			_ = process.Pause(ctx, l.beat(ctx)) // the loop looks at ctx
		}
		l.resign(context.WithoutCancel(ctx))
		return nil
	}}
}

// beat renews the entry or not, and returns how long to wait before the next.
func (l *lease) beat(ctx context.Context) time.Duration {
	if reason := l.healthy(); reason != nil {
		return l.ail(ctx, reason)
	}
	l.ill = 0
	if l.renew(ctx) {
		return Beat
	}
	return again
}

// ail does not renew the entry, and in the end takes it back.
func (l *lease) ail(ctx context.Context, reason error) time.Duration {
	if l.held == nil {
		return again // so that it is found as soon as it is well
	}
	if l.ill++; l.ill < tolerated {
		return Beat
	}
	l.registry.deps.Log.WarnContext(ctx, "taken out of the registry: not healthy", "key", l.key, "reason", reason.Error())
	l.resign(ctx)
	return again
}

// renew writes the entry.
func (l *lease) renew(ctx context.Context) bool {
	kv, err := l.registry.bucket(ctx)
	if err != nil {
		return false
	}
	bounded, cancel := context.WithTimeout(ctx, Beat)
	defer cancel()
	l.held = kv // even a failed try may have come through
	if _, err := kv.Put(bounded, l.key, l.entry); err != nil {
		l.registry.forget()
		if ctx.Err() == nil {
			l.registry.deps.Log.WarnContext(ctx, "lease not renewed", "key", l.key, "error", err.Error())
		}
		return false
	}
	return true
}

// resign takes the entry back, so that callers need not wait for it to expire.
func (l *lease) resign(ctx context.Context) {
	if l.held == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := l.held.Delete(ctx, l.key); err != nil { // it expires soon
		l.registry.deps.Log.WarnContext(ctx, "lease not given back", "key", l.key, "error", err.Error())
	}
	l.held, l.ill = nil, 0
}
