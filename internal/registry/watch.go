package registry

import (
	"context"
	"errors"
	"figlab/internal/bus"
	"figlab/internal/process"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// silence is how long a watch may hear nothing. Every holder renews its entry far more often, so a watch that hears nothing may be dead, as
// when the broker has lost the bucket and somebody has made a new one: it begins anew.
const silence = 2 * Lease

// A Set is the instances of one service, as last known.
type Set struct {
	registry *Registry
	service  string

	mu        sync.RWMutex
	instances []Instance // sorted by name, never changed in place
	changed   chan struct{}
}

// Empty says whether no instance of a service is registered. While the broker is away nobody can say, so it is not.
func (r *Registry) Empty(ctx context.Context, service string) bool {
	kv, err := r.open(ctx)
	if err != nil {
		return false
	}
	keys, err := kv.ListKeysFiltered(ctx, service+".*")
	if err != nil {
		return false
	}
	defer func() { _ = keys.Stop() }() // the broker forgets it by itself
	for range keys.Keys() {
		return false
	}
	return ctx.Err() == nil
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
		if err := fits("service", s.service); err != nil {
			return err
		}
		for ctx.Err() == nil {
			if err := s.follow(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, bus.ErrAway) {
				s.registry.deps.Log.WarnContext(ctx, "watch interrupted", "service", s.service, "error", err.Error())
			}
			_ = process.Pause(ctx, again) // the loop looks at ctx
		}
		return nil
	}}
}

// follow reads the entries that are there, then their changes, until the connection is lost or nothing is heard.
func (s *Set) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lost := s.registry.bus.Lost()
	w, err := s.watch(ctx, cancel)
	if err != nil {
		return err
	}
	defer func() { _ = w.Stop() }() // the broker forgets it by itself
	v := view{kept: s.Instances()}
	grace, quiet := time.NewTimer(Lease), time.NewTimer(silence)
	defer grace.Stop()
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-lost:
			return nil
		case <-quiet.C:
			return nil
		case <-grace.C:
			v.kept = nil
		case e, ok := <-w.Updates():
			if !ok {
				return errors.New("the watch has ended")
			}
			quiet.Reset(silence)
			if v.take(e) {
				grace.Reset(Lease)
			}
		}
		if v.complete {
			s.set(v.all())
		}
	}
}

// watch begins to watch, within a bound. ctx lives as long as the watch.
func (s *Set) watch(ctx context.Context, cancel func()) (jetstream.KeyWatcher, error) {
	kv, err := s.registry.open(ctx)
	if err != nil {
		return nil, err
	}
	bound := time.AfterFunc(openWithin, cancel)
	w, err := kv.Watch(ctx, s.service+".*")
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", s.service, err)
	}
	if !bound.Stop() {
		return nil, fmt.Errorf("watch %s: not within %s", s.service, openWithin)
	}
	return w, nil
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
