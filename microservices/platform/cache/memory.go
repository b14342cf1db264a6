package cache

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Memory is a cache in the memory of one process: what one replica forgets, the others still keep.
type Memory struct {
	o Options

	mu     sync.Mutex
	kept   *ring
	flight map[place]*flight
	stats  Stats
}

// A place is where a value is kept. What was kept in another epoch is never found again, and makes room in its turn.
type place struct {
	epoch int64
	key   string
}

// A flight is a load under way. As long as it stands in Memory.flight it may be joined and its value may be kept: to forget it is to take
// it out.
type flight struct {
	place place
	until time.Time
	done  chan struct{} // closed once value and err are there
	value []byte
	err   error
}

// NewMemory returns an empty cache.
func NewMemory(o Options) *Memory {
	o = o.filled()
	return &Memory{o: o, kept: newRing(o.Max), flight: map[place]*flight{}}
}

// Get implements Cache.
func (m *Memory) Get(ctx context.Context, key string, load func(context.Context) ([]byte, error)) ([]byte, error) {
	at, now := place{m.o.Epoch(), key}, m.o.Now()
	m.mu.Lock()
	if value, ok := m.kept.get(at, now); ok {
		m.stats.Hits++
		m.mu.Unlock()
		return value, nil
	}
	m.stats.Misses++
	f, begun := m.flight[at]
	if !begun && ctx.Err() == nil {
		f = &flight{place: at, until: now.Add(m.o.TTL), done: make(chan struct{})}
		m.flight[at] = f
		m.stats.Loads++
		go m.fly(context.WithoutCancel(ctx), f, load)
	}
	m.mu.Unlock()
	if f == nil {
		return nil, m.gaveUp(ctx, key)
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		return nil, m.gaveUp(ctx, key)
	}
}

func (m *Memory) gaveUp(ctx context.Context, key string) error {
	return fmt.Errorf("cache %s: wait for %q: %w", m.o.Name, key, context.Cause(ctx))
}

// fly loads. Those who wait are told in time even when the load does not heed its context.
func (m *Memory) fly(ctx context.Context, f *flight, load func(context.Context) ([]byte, error)) {
	ctx, cancel := context.WithTimeout(ctx, LoadWithin)
	defer cancel()
	late := context.AfterFunc(ctx, func() {
		m.land(f, nil, fmt.Errorf("cache %s: load %q: %w", m.o.Name, f.place.key, context.DeadlineExceeded))
	})
	defer late()
	value, err := m.safely(ctx, f, load)
	m.land(f, value, err)
}

// safely turns a panic into an error: on a goroutine of its own it would end the process, on that of a request it ends the request.
func (m *Memory) safely(ctx context.Context, f *flight, load func(context.Context) ([]byte, error)) (value []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cache %s: load %q: panic: %v", m.o.Name, f.place.key, p)
		}
	}()
	return load(ctx)
}

// land tells those who wait, and keeps the value unless it was forgotten meanwhile. Of two landings the first counts.
func (m *Memory) land(f *flight, value []byte, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-f.done:
		return
	default:
	}
	f.value, f.err = slices.Clip(value), err // clipped: who appends to a shared value gets a copy
	if err != nil {
		f.value = nil
	}
	if m.flight[f.place] == f {
		delete(m.flight, f.place)
		if f.value != nil {
			m.kept.put(f.place, f.value, f.until, m.o.Now())
		}
	}
	close(f.done)
}

// Forget implements Cache. It does not fail.
func (m *Memory) Forget(_ context.Context, keys ...string) error {
	epoch := m.o.Epoch()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range keys {
		at := place{epoch, key}
		if m.kept.remove(at) {
			m.stats.Forgotten++
		}
		if _, ok := m.flight[at]; ok {
			delete(m.flight, at)
			m.stats.Forgotten++
		}
	}
	return nil
}

// Clear implements Cache. It does not fail.
func (m *Memory) Clear(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats.Forgotten += int64(len(m.kept.slots) + len(m.flight))
	m.kept = newRing(m.o.Max)
	clear(m.flight)
	return nil
}

// Stats returns the counts so far.
func (m *Memory) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stats
	s.Entries = int64(len(m.kept.slots))
	return s
}
