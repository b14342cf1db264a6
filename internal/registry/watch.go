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
		case <-grace.C:
			v.kept = nil
		case e, ok := <-w.Updates():
			if !ok {
				return errors.New("the watch has ended")
			}
			quiet.Reset(silence)
			v.take(e)
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

// A view is what one watch has heard.
type view struct {
	present  []Instance // sorted by name, never changed in place
	kept     []Instance // known from before, not heard of yet: their holders have the time of a lease to renew their entries
	complete bool       // all entries that were there have come
}

// take takes in one change of the bucket; nil says that all entries that were there have come.
func (v *view) take(e jetstream.KeyValueEntry) {
	if e == nil {
		v.complete = true
		return
	}
	_, name, _ := strings.Cut(e.Key(), ".")
	named := func(i Instance) bool { return i.Name == name }
	// An entry that expired while the broker was away says nothing of its holder, who could not renew it; one taken back does.
	if e.Operation() != jetstream.KeyValuePurge && slices.ContainsFunc(v.kept, named) {
		v.kept = slices.DeleteFunc(slices.Clone(v.kept), named)
	}
	var i Instance
	put := e.Operation() == jetstream.KeyValuePut && json.Unmarshal(e.Value(), &i) == nil
	if put && slices.Contains(v.present, i) {
		return // renewed
	}
	v.present = slices.DeleteFunc(slices.Clone(v.present), named)
	if put {
		v.present = append(v.present, i)
		slices.SortFunc(v.present, byName)
	}
}

func (v *view) all() []Instance {
	if len(v.kept) == 0 {
		return v.present
	}
	return slices.SortedFunc(slices.Values(slices.Concat(v.present, v.kept)), byName)
}

func byName(a, b Instance) int { return strings.Compare(a.Name, b.Name) }

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
