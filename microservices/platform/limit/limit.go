package limit

import (
	"container/list"
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a limiter.
type Options struct {
	PerSecond float64          // requests of one client in the long run; 0: everything passes
	Burst     int              // requests at once after a rest; less than 1: 1
	Clients   int              // clients remembered at most; 0: 10,000
	Now       func() time.Time // nil: the machine's clock
}

// Stats counts what became of requests.
type Stats struct {
	Passed    int64 `json:"passed"`
	Refused   int64 `json:"refused"`
	Clients   int64 `json:"clients"`   // remembered now
	Forgotten int64 `json:"forgotten"` // clients that made room for others: each begins anew
}

// A Limiter gives every client a token bucket of its own.
//
// A bucket is kept as one number, the time at which it will be full again (the generic cell rate algorithm of ATM): each request moves that
// time on by what it costs to refill one token, and none passes that would move it further ahead than a whole bucket.
type Limiter struct {
	off     bool
	token   time.Duration // to refill one
	bucket  time.Duration // to refill all
	clients int
	now     func() time.Time
	began   time.Time
	seed    maphash.Seed

	passed, refused atomic.Int64

	mu        sync.Mutex
	known     map[uint64]*list.Element // of *client
	recent    *list.List               // who was seen last is in front
	forgotten int64
}

// A client is known by a hash under a secret seed: none can choose how much memory it takes, or whose bucket it shares.
type client struct {
	hash uint64
	full time.Duration // since the beginning
}

// New returns a limiter that has seen nobody.
func New(o Options) *Limiter {
	l := &Limiter{
		off: o.PerSecond <= 0, clients: o.Clients, now: o.Now, seed: maphash.MakeSeed(),
		known: map[uint64]*list.Element{}, recent: list.New(),
	}
	if l.clients <= 0 {
		l.clients = 10_000
	}
	if l.now == nil {
		l.now = time.Now
	}
	l.began = l.now()
	perToken := max(float64(time.Second)/o.PerSecond, 1)
	l.token = span(perToken)
	l.bucket = span(perToken * float64(max(o.Burst, 1)))
	return l
}

// span is a duration of so many nanoseconds, or a century: two of those can still be added.
func span(nanoseconds float64) time.Duration {
	return time.Duration(math.Min(nanoseconds, float64(100*365*24*time.Hour)))
}

// Allow says whether the client may ask now, and if not, after how long it may.
func (l *Limiter) Allow(name string) (ok bool, retryAfter time.Duration) {
	if !l.off {
		retryAfter = l.take(maphash.String(l.seed, name), l.now().Sub(l.began))
	}
	if retryAfter > 0 {
		l.refused.Add(1)
		return false, retryAfter
	}
	l.passed.Add(1)
	return true, 0
}

// take takes a token, or returns how long it is until there is one. Who is refused pays nothing.
func (l *Limiter) take(hash uint64, now time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.see(hash)
	full := max(c.full, now) + l.token
	if early := full - l.bucket - now; early > 0 {
		return early
	}
	c.full = full
	return 0
}

// see returns the client. A new one has a full bucket; when there are too many, the one not seen for longest makes room.
func (l *Limiter) see(hash uint64) *client {
	if e, ok := l.known[hash]; ok {
		l.recent.MoveToFront(e)
		return e.Value.(*client)
	}
	if len(l.known) < l.clients {
		c := &client{hash: hash}
		l.known[hash] = l.recent.PushFront(c)
		return c
	}
	e := l.recent.Back()
	c := e.Value.(*client)
	delete(l.known, c.hash)
	l.forgotten++
	*c = client{hash: hash}
	l.recent.MoveToFront(e)
	l.known[hash] = e
	return c
}

// Stats returns the counts so far.
func (l *Limiter) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Stats{Passed: l.passed.Load(), Refused: l.refused.Load(), Clients: int64(len(l.known)), Forgotten: l.forgotten}
}
