// Package registry keeps who runs where: a process holds a lease on its entry and renews it; whoever calls it watches. The entries live in
// a key-value bucket of the broker, and expire when their holder no longer renews them.
//
// While the broker is away a watcher keeps the last instances it knew: the registry must not be able to stop calls that would succeed.
package registry

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/internal/bus"
	"figlab/internal/process"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	bucket = "registry"
	// Lease is how long an entry outlives its holder.
	Lease = 3 * time.Second
	// Beat is how often an entry is renewed.
	Beat = time.Second
)

// An Instance of a service.
type Instance struct {
	Service string `json:"service"`
	Name    string `json:"name"`
	Address string `json:"address"` // host:port of the public door
	Admin   string `json:"admin"`   // host:port of the admin door
}

// A Registry is one process's view of it.
type Registry struct {
	bus  *bus.Bus
	deps process.Deps

	mu sync.Mutex
	kv jetstream.KeyValue // nil until opened
}

// New returns a registry over a bus.
func New(b *bus.Bus, deps process.Deps) *Registry { return &Registry{bus: b, deps: deps} }

func (r *Registry) open(ctx context.Context) (jetstream.KeyValue, error) {
	if !r.bus.Connected() {
		return nil, bus.ErrAway
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	kv, err := r.bus.JetStream().KeyValue(ctx, bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = r.bus.JetStream().CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: bucket, TTL: Lease, LimitMarkerTTL: 2 * Lease, Storage: jetstream.FileStorage,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	return kv, nil
}

func key(i Instance) string { return i.Service + "." + i.Name }

// Lease returns the part that registers an instance, renews the entry, and takes it back when it is stopped.
func (r *Registry) Lease(i Instance) process.Part {
	return process.Part{Name: "lease of " + i.Name, Run: func(ctx context.Context) error {
		entry, err := json.Marshal(i)
		if err != nil {
			return fmt.Errorf("register %s: %w", i.Name, err)
		}
		beat := time.NewTicker(Beat)
		defer beat.Stop()
		retry := time.NewTicker(200 * time.Millisecond)
		defer retry.Stop()
		var held jetstream.KeyValue // where the entry may stand
		for {
			next := beat.C
			if kv := r.renew(ctx, key(i), entry); kv != nil {
				held = kv
			} else {
				next = retry.C
			}
			select {
			case <-next:
			case <-ctx.Done():
				r.resign(context.WithoutCancel(ctx), held, key(i))
				return nil
			}
		}
	}}
}

// renew writes the entry and returns the bucket it may stand in, or nil when it certainly does not: then try again soon.
func (r *Registry) renew(ctx context.Context, key string, entry []byte) jetstream.KeyValue {
	kv, err := r.bucket(ctx)
	if err != nil {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, Beat)
	defer cancel()
	if _, err := kv.Put(bounded, key, entry); err != nil {
		r.forget()
		if ctx.Err() == nil {
			r.deps.Log.WarnContext(ctx, "lease not renewed", "key", key, "error", err.Error())
		}
	}
	return kv
}

// bucket opens the bucket once; forget has it opened anew, as after the broker has lost it.
func (r *Registry) bucket(ctx context.Context) (jetstream.KeyValue, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kv == nil {
		kv, err := r.open(ctx)
		if err != nil {
			return nil, err
		}
		r.kv = kv
	}
	return r.kv, nil
}

func (r *Registry) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kv = nil
}

// resign takes the entry back, so that callers need not wait for it to expire.
func (r *Registry) resign(ctx context.Context, kv jetstream.KeyValue, key string) {
	if kv == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := kv.Delete(ctx, key); err != nil {
		r.deps.Log.WarnContext(ctx, "lease not given back", "key", key, "error", err.Error())
	}
}

// A Set is the instances of one service, as last known.
type Set struct {
	registry *Registry
	service  string

	mu        sync.RWMutex
	instances []Instance // sorted by name, never changed in place
	changed   chan struct{}
}

// Watch returns the set of a service. It fills while its Part runs.
func (r *Registry) Watch(service string) *Set {
	return &Set{registry: r, service: service, changed: make(chan struct{})}
}

// Instances returns the instances as last known. The caller must not change the slice.
func (s *Set) Instances() []Instance {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.instances
}

// Changed returns a channel that is closed at the next change.
func (s *Set) Changed() <-chan struct{} {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.changed
}

// Part returns the part that keeps the set current.
func (s *Set) Part() process.Part {
	return process.Part{Name: "watch of " + s.service, Run: func(ctx context.Context) error {
		for ctx.Err() == nil {
			if err := s.follow(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, bus.ErrAway) {
				s.registry.deps.Log.WarnContext(ctx, "watch interrupted", "service", s.service, "error", err.Error())
			}
			_ = process.Pause(ctx, 200*time.Millisecond) // the loop looks at ctx
		}
		return nil
	}}
}

// follow reads the entries that are there, then their changes.
func (s *Set) follow(ctx context.Context) error {
	kv, err := s.registry.open(ctx)
	if err != nil {
		return err
	}
	w, err := kv.Watch(ctx, s.service+".*")
	if err != nil {
		return fmt.Errorf("watch %s: %w", s.service, err)
	}
	defer func() { _ = w.Stop() }() // the broker forgets it by itself
	var first []Instance
	initial := true
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-w.Updates():
			switch {
			case !ok:
				return errors.New("the watch has ended")
			case e == nil: // all entries that were there have come
				initial = false
				s.set(first)
			case initial:
				first = apply(first, e)
			default:
				s.set(apply(s.Instances(), e))
			}
		}
	}
}

// apply returns the instances after one change of the bucket.
func apply(instances []Instance, e jetstream.KeyValueEntry) []Instance {
	_, name, _ := strings.Cut(e.Key(), ".")
	rest := slices.DeleteFunc(slices.Clone(instances), func(i Instance) bool { return i.Name == name })
	var i Instance
	if e.Operation() != jetstream.KeyValuePut || json.Unmarshal(e.Value(), &i) != nil {
		return rest
	}
	rest = append(rest, i)
	slices.SortFunc(rest, func(a, b Instance) int { return strings.Compare(a.Name, b.Name) })
	return rest
}

func (s *Set) set(instances []Instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Equal(instances, s.instances) {
		return
	}
	s.instances = instances
	close(s.changed)
	s.changed = make(chan struct{})
}
