package balance

import (
	"figlab/internal/registry"
	"sync"
	"sync/atomic"
	"time"
)

// Rest is how long an instance that refused a connection is left alone while there are others.
const Rest = time.Second

// A Balancer spreads calls over the instances of one service.
type Balancer struct {
	instances func() []registry.Instance // the slice must never be changed in place
	draw      func(n int) int            // in [0, n)
	now       func() time.Time

	mu   sync.Mutex // one rebuild at a time
	view atomic.Pointer[view]
}

// view is what was made of one slice of instances.
type view struct {
	instances []registry.Instance
	backends  []*Backend
}

// A Backend is an instance as its caller sees it.
type Backend struct {
	registry.Instance
	inFlight  atomic.Int64
	restUntil atomic.Int64 // nanoseconds since 1970
}

// New returns a balancer over what instances returns at the time of each call.
func New(instances func() []registry.Instance, draw func(n int) int, now func() time.Time) *Balancer {
	b := &Balancer{instances: instances, draw: draw, now: now}
	b.view.Store(&view{})
	return b
}

// Pick returns the instance for the next call, nil when none is left that is not in tried. The caller gives it back with Done.
func (b *Balancer) Pick(tried ...*Backend) *Backend {
	backends := b.backends()
	now := b.now().UnixNano()
	chosen := b.choose(backends, func(c *Backend) bool { return c.restUntil.Load() <= now && !contains(tried, c) })
	if chosen == nil { // all that are left are resting: to be refused again costs less than not to ask
		chosen = b.choose(backends, func(c *Backend) bool { return !contains(tried, c) })
	}
	if chosen != nil {
		chosen.inFlight.Add(1)
	}
	return chosen
}

// choose draws two of those that may be asked, and takes the one with fewer calls under way. The second look begins one place after the
// first, so that two different ones are compared where there are two.
func (b *Balancer) choose(backends []*Backend, may func(*Backend) bool) *Backend {
	n := len(backends)
	if n == 0 {
		return nil
	}
	at := seek(backends, b.draw(n), may)
	if at < 0 || n == 1 {
		return pick(backends, at)
	}
	first := backends[at]
	second := backends[seek(backends, (at+1+b.draw(n-1))%n, may)]
	if second.inFlight.Load() < first.inFlight.Load() {
		return second
	}
	return first
}

func pick(backends []*Backend, at int) *Backend {
	if at < 0 {
		return nil
	}
	return backends[at]
}

// seek returns the first place from at on, going round, whose backend may be asked, or -1.
func seek(backends []*Backend, at int, may func(*Backend) bool) int {
	for range backends {
		if may(backends[at]) {
			return at
		}
		at = (at + 1) % len(backends)
	}
	return -1
}

// Done gives an instance back.
func (b *Backend) Done() { b.inFlight.Add(-1) }

// InFlight is the number of calls under way.
func (b *Backend) InFlight() int64 { return b.inFlight.Load() }

// Refused notes that the instance accepts no connection: it is left alone for a while.
func (b *Balancer) Refused(by *Backend) { by.restUntil.Store(b.now().Add(Rest).UnixNano()) }

// backends returns the instances of now. Who was there before keeps the count of its calls and its rest.
func (b *Balancer) backends() []*Backend {
	instances := b.instances()
	if v := b.view.Load(); same(v.instances, instances) {
		return v.backends
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.view.Load()
	if same(old.instances, instances) {
		return old.backends
	}
	fresh := &view{instances: instances, backends: make([]*Backend, len(instances))}
	for i, instance := range instances {
		fresh.backends[i] = keep(old.backends, instance)
	}
	b.view.Store(fresh)
	return fresh.backends
}

func keep(known []*Backend, instance registry.Instance) *Backend {
	for _, k := range known {
		if k.Instance == instance {
			return k
		}
	}
	return &Backend{Instance: instance}
}

// same says whether two slices are one: they are never changed in place, so what is in them need not be compared.
func same(a, b []registry.Instance) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func contains(all []*Backend, one *Backend) bool {
	for _, b := range all {
		if b == one {
			return true
		}
	}
	return false
}
