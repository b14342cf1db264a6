package balance

import (
	"figlab/internal/registry"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Rest is how long an instance that refused a connection is left alone while there are others.
	Rest = time.Second
	// Ramp is how long an instance that has just come takes to get its whole share: its caches are cold, its connections not open yet.
	Ramp = 5 * time.Second
)

// A Balancer spreads calls over the instances of one service.
type Balancer struct {
	instances func() []registry.Instance // the slice must never be changed in place
	draw      func(n int) int            // in [0, n)
	now       func() time.Time

	mu   sync.Mutex // one rebuild or ejection at a time
	seen bool       // there were instances before: who comes now comes later than they
	view atomic.Pointer[view]
}

// view is what was made of one slice of instances.
type view struct {
	instances []registry.Instance
	backends  []*Backend
}

// New returns a balancer over what instances returns at the time of each call.
func New(instances func() []registry.Instance, draw func(n int) int, now func() time.Time) *Balancer {
	b := &Balancer{instances: instances, draw: draw, now: now}
	b.view.Store(&view{})
	return b
}

// Pick returns the instance for the next call, nil when none is left that is not in tried. The caller gives it back with Done.
func (b *Balancer) Pick(tried ...*Backend) *Backend {
	now := b.now().UnixNano()
	backends := b.backends(now)
	chosen := b.choose(backends, wanted{now: now, tried: tried})
	if chosen == nil { // all that are left are resting: to be refused again costs less than not to ask
		chosen = b.choose(backends, wanted{now: now, tried: tried, resting: true})
	}
	if chosen != nil {
		chosen.inFlight.Add(1)
	}
	return chosen
}

// wanted says who may be chosen.
type wanted struct {
	now     int64
	tried   []*Backend
	resting bool // those too
}

func (w wanted) may(c *Backend) bool {
	return (w.resting || !c.rests(w.now)) && !slices.Contains(w.tried, c)
}

// choose draws two of those that may be asked, and takes the one that costs less. The second look begins one place after the first, so
// that two different ones are compared where there are two.
func (b *Balancer) choose(backends []*Backend, w wanted) *Backend {
	n := len(backends)
	if n == 0 {
		return nil
	}
	at := seek(backends, b.draw(n), w)
	if at < 0 {
		return nil
	}
	first := backends[at]
	if n == 1 {
		return first
	}
	second := backends[seek(backends, (at+1+b.draw(n-1))%n, w)]
	if second != first && b.better(second, first, w.now) {
		return second
	}
	return first
}

// seek returns the first place from at on, going round, whose backend may be asked, or -1.
func seek(backends []*Backend, at int, w wanted) int {
	for range backends {
		if w.may(backends[at]) {
			return at
		}
		at = (at + 1) % len(backends)
	}
	return -1
}

// better says whether one is to be preferred to the other. The cost of a newcomer is what it is as often as it has come of age, and
// without bound else: by a factor alone it would get nothing while nobody is busy, and too much while the others are.
func (b *Balancer) better(one, other *Backend, now int64) bool {
	held, otherHeld := b.holds(one, now), b.holds(other, now)
	if held != otherHeld {
		return otherHeld
	}
	return one.cost(now) < other.cost(now)
}

func (b *Balancer) holds(c *Backend, now int64) bool {
	const parts = 1 << 10
	age := now - c.since
	if c.since == 0 || age >= int64(Ramp) {
		return false
	}
	return int64(b.draw(parts)) >= age*parts/int64(Ramp)
}

// Refused notes that the instance accepts no connection: it is left alone for a while.
func (b *Balancer) Refused(by *Backend) { by.restUntil.Store(b.now().Add(Rest).UnixNano()) }

// backends returns the instances of now. Who was there before keeps what is known of it.
func (b *Balancer) backends(now int64) []*Backend {
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
		fresh.backends[i] = b.keep(old.backends, instance, now)
	}
	b.seen = b.seen || len(instances) > 0
	pardon(fresh.backends, now)
	b.view.Store(fresh)
	return fresh.backends
}

func (b *Balancer) keep(known []*Backend, instance registry.Instance, now int64) *Backend {
	for _, k := range known {
		if k.Instance == instance {
			return k
		}
	}
	fresh := &Backend{Instance: instance, of: b}
	if b.seen {
		fresh.since = now
	}
	return fresh
}

// same says whether two slices are one: they are never changed in place, so what is in them need not be compared.
func same(a, b []registry.Instance) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
