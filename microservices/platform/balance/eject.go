package balance

import "time"

const (
	outlier    = 5                // failures in a row after which an instance is left out
	firstTime  = time.Second      // for this long, and twice as long when it fails again after that
	atMost     = 30 * time.Second // for this long at most
	probation  = 30 * time.Second // after so long in good standing the next time is a first time again
	mostLevels = 5                // 1 s doubled so often is beyond atMost
)

// eject leaves an instance out for a while, unless half of all are left out already: when most of them fail it is not the instances. One
// that comes back is asked by a single call at first, because nothing is known of it; and one failure suffices to eject it again, because
// its row was not broken by a success.
func (b *Balancer) eject(by *Backend, now int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	until := by.ejectedUntil.Load()
	if until > now { // somebody else was first
		return
	}
	backends := b.view.Load().backends
	if out := ejected(backends, now); out+1 > len(backends)/2 {
		return
	}
	if now-until > int64(probation) {
		by.ejections = 0
	}
	by.ejectedUntil.Store(now + int64(min(firstTime<<by.ejections, atMost)))
	by.ejections = min(by.ejections+1, mostLevels)
	by.latency.Store(0)
}

// pardon lets those back in that are due first, until no more than half are left out: others have gone since.
func pardon(backends []*Backend, now int64) {
	for ejected(backends, now) > len(backends)/2 {
		var next *Backend
		for _, c := range backends {
			if c.ejectedUntil.Load() > now && (next == nil || c.ejectedUntil.Load() < next.ejectedUntil.Load()) {
				next = c
			}
		}
		next.ejectedUntil.Store(now)
	}
}

func ejected(backends []*Backend, now int64) int {
	n := 0
	for _, c := range backends {
		if c.ejectedUntil.Load() > now {
			n++
		}
	}
	return n
}
