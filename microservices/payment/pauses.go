package payment

import (
	"slices"
	"time"
)

// pauses are how long refunds that failed are left alone: a provider that is down is not beaten, and one refund that never comes right
// costs the others nothing.
type pauses map[string]pause

type pause struct {
	until time.Time
	long  time.Duration
}

func (p pauses) resting(id string, now time.Time) bool { return now.Before(p[id].until) }

// longer makes a refund wait twice as long as the last time.
func (p pauses) longer(id string, now time.Time) {
	long := min(max(2*p[id].long, lookEvery), longestPause)
	p[id] = pause{now.Add(long), long}
}

// forget drops what is no longer open.
func (p pauses) forget(open []string) {
	for id := range p {
		if !slices.Contains(open, id) {
			delete(p, id)
		}
	}
}
