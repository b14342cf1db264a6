package shed

import (
	"sync/atomic"
	"time"
)

const (
	window = 100 * time.Millisecond // over which the shortest wait counts: as long as a burst may last
	target = 20 * time.Millisecond  // the shortest wait of a queue that does its work
)

// delay knows whether the queue is standing: whether even the shortest wait of the last window was long. It belongs to the mutex of the
// turns, all but none.
type delay struct {
	began    time.Time     // of this window
	shortest time.Duration // in this window
	seen     bool          // something was seen in this window
	stands   bool          // so ended the last window
	calm     atomic.Bool   // somebody got a turn at once since anybody looked
}

// none notes that somebody did not wait at all. On the fast path it writes only once for many.
func (d *delay) none() {
	if !d.calm.Load() {
		d.calm.Store(true)
	}
}

// saw notes how long somebody has waited for its turn.
func (d *delay) saw(now time.Time, wait time.Duration) {
	d.roll(now)
	if !d.seen || wait < d.shortest {
		d.shortest, d.seen = wait, true
	}
}

// gaveUp notes that somebody would have waited for longer still. Who left early says nothing.
func (d *delay) gaveUp(now time.Time, wait time.Duration) {
	if wait > target {
		d.saw(now, wait)
	}
}

// standing says whether the queue did not empty in the last window.
func (d *delay) standing(now time.Time) bool {
	d.roll(now)
	return d.stands
}

// roll begins a new window when this one is over. After a whole window in which nothing was seen the queue does not stand.
func (d *delay) roll(now time.Time) {
	if d.calm.Swap(false) {
		d.shortest, d.seen = 0, true
	}
	age := now.Sub(d.began)
	if age < window {
		return
	}
	d.stands = d.seen && d.shortest > target && age < 2*window
	d.began, d.seen = now, false
}
