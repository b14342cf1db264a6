package call

import (
	"sync"
	"time"
)

const (
	retryShare     = 0.2  // of the calls
	retryPerSecond = 3.0  // besides, for those who call seldom
	retryBurst     = 20.0 // what is not used is kept up to this
)

// An allowance is the budget of retries and hedges of all calls to one service: when everything fails, retries must not multiply what
// the service has to refuse. It looks at the calls only when something is taken from it, so that a call that goes well pays nothing.
type allowance struct {
	mu    sync.Mutex
	left  float64
	calls int64 // as counted then
	at    time.Time
}

func newAllowance(now time.Time) *allowance { return &allowance{left: retryBurst, at: now} }

// take takes one, if there is one; calls is the number of calls so far.
func (a *allowance) take(calls int64, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if passed := now.Sub(a.at); passed > 0 {
		a.left += retryPerSecond * passed.Seconds()
		a.at = now
	}
	if calls > a.calls { // counted by many at once: a count may come late
		a.left += retryShare * float64(calls-a.calls)
		a.calls = calls
	}
	a.left = min(a.left, retryBurst)
	if a.left < 1 {
		return false
	}
	a.left--
	return true
}
