package saga

import (
	"time"

	rules "figlab/shop/orderprocessing"
)

// Pauses double with every attempt. An authorisation past the deadline is asked for more rarely still, but for ever: the provider acts once
// per key, and only it knows what it did.
const (
	patience     = 5 * time.Second // after it a call whose shell has not come back is made again
	firstPause   = 50 * time.Millisecond
	longestPause = 5 * time.Second
	latestPause  = 15 * time.Second
)

// ask makes the call of this moment. A look comes with it, in case whoever makes it dies.
func (t *turn) ask() {
	t.Pausing, t.Due = false, t.at.Add(patience)
	t.effects = append(t.effects, Pending(t.State)...)
}

// unknown waits before the next attempt.
func (t *turn) unknown() {
	if t.hopeless() {
		return
	}
	t.Attempts++
	t.Pausing, t.Due = true, t.at.Add(pause(t.Attempts, t.Op == Authorise && t.late()))
	t.effects = append(t.effects, Pending(t.State)...)
}

// look asks again when it is time to.
func (t *turn) look() {
	switch {
	case !Open(t.State):
	case t.at.Before(t.Due):
		t.effects = append(t.effects, Wake{t.Due})
	case t.hopeless():
	default:
		if !t.Pausing { // the shell that asked has not come back
			t.Attempts++
		}
		t.ask()
	}
}

// hopeless gives an order up that could not be reserved by the deadline. The warehouse may have reserved, or may yet: Release undoes the
// one and forbids the other.
func (t *turn) hopeless() bool {
	if t.Op != Reserve || !t.late() {
		return false
	}
	t.reject(Releasing, rules.OutOfStock)
	return true
}

func (t *turn) late() bool { return !t.at.Before(t.Deadline) }

// pause is how long to wait after an attempt. Jitter is the shell's.
func pause(attempts int, late bool) time.Duration {
	limit := longestPause
	if late {
		limit = latestPause
	}
	return min(firstPause<<min(attempts-1, 16), limit)
}
