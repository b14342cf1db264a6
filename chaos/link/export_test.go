package link

import "time"

// Bound sets the watchdog of a link.
func (l *Link) Bound(d time.Duration) { l.watchdog = d }

// Wedge hangs every later call into the link's proxy, as a toxic that waits for ever does, until release is called.
func (l *Link) Wedge() (release func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.lane.proxy
	p.Toxics.Lock()
	return p.Toxics.Unlock
}
