package balance

import (
	"figlab/internal/registry"
	"math"
	"sync/atomic"
	"time"
)

const (
	window = 5 * time.Second // of the latency: after that long two thirds of what was known are forgotten
	// Differences below this are noise of the machine: there the calls under way decide.
	least = time.Millisecond
	// unknown is the cost of one that has been asked and has never answered yet: the first answer is waited for.
	unknown = float64(1000 * time.Second)
)

// A Backend is an instance as its caller sees it.
type Backend struct {
	registry.Instance
	of    *Balancer
	since int64 // nanoseconds since 1970; 0: it was there from the beginning

	inFlight     atomic.Int64
	latency      atomic.Uint64 // see pack; 0: it has never answered
	restUntil    atomic.Int64  // nanoseconds since 1970
	row          atomic.Int64  // failures one after the other
	ejectedUntil atomic.Int64  // nanoseconds since 1970
	ejections    int           // one after the other; of.mu guards it
}

// An Outcome is what a call tells about its instance.
type Outcome struct {
	Took   time.Duration // until the answer began; 0: nothing is known
	Failed bool          // no connection, no answer in time, or one that Failing names
	Cut    bool          // given up before there was an answer: it says nothing but that the answer would have taken longer than Took
}

// Failing says whether a status is a failure of the instance rather than an answer.
func Failing(status int) bool { return status >= 502 && status <= 504 }

// Done gives an instance back.
func (b *Backend) Done(o Outcome) {
	b.inFlight.Add(-1)
	now := b.of.now().UnixNano()
	switch {
	case o.Cut:
		b.observe(o.Took, now, true)
	case !o.Failed:
		if b.row.Load() != 0 {
			b.row.Store(0)
		}
		b.observe(o.Took, now, false)
	case now >= b.ejectedUntil.Load(): // what comes late tells nothing new about one that has been ejected
		b.observe(o.Took, now, true) // a failure that came fast is no sign of speed
		if b.row.Add(1) >= outlier {
			b.of.eject(b, now)
		}
	}
}

// InFlight is the number of calls under way.
func (b *Backend) InFlight() int64 { return b.inFlight.Load() }

// Latency is how long an answer takes, as last known: 0 when it has never answered.
func (b *Backend) Latency() time.Duration {
	known, _ := b.known(b.of.now().UnixNano())
	return time.Duration(known)
}

// Ejected says whether it is left out because it failed too often.
func (b *Backend) Ejected() bool { return b.ejectedUntil.Load() > b.of.now().UnixNano() }

func (b *Backend) rests(now int64) bool {
	return b.restUntil.Load() > now || b.ejectedUntil.Load() > now
}

// cost is what the next call is expected to cost there, in nanoseconds of everybody who waits.
func (b *Backend) cost(now int64) float64 {
	pending := float64(b.inFlight.Load())
	latency, ok := b.known(now)
	switch {
	case ok:
		return max(latency, float64(least)) * (pending + 1)
	case pending > 0:
		return unknown + pending
	}
	return 0 // ask, to get to know it
}

// known is the latency as far as it is remembered: whoever was slow once is asked again in time.
func (b *Backend) known(now int64) (nanoseconds float64, ok bool) {
	packed := b.latency.Load()
	if packed == 0 {
		return 0, false
	}
	value, stamp := unpack(packed)
	return value * weight(stamp, millis(now)), true
}

// observe takes an answer into account: a slower one at once, a faster one (unless only peaks count) as far as the old has been forgotten.
func (b *Backend) observe(took time.Duration, now int64, peaks bool) {
	if took <= 0 {
		return
	}
	fresh, at := float64(took), millis(now)
	for {
		packed := b.latency.Load()
		value, stamp := unpack(packed)
		w := weight(stamp, at)
		value *= w
		switch {
		case fresh >= value || packed == 0:
			value = fresh
		case peaks:
			return
		default:
			value += fresh * (1 - w)
		}
		if b.latency.CompareAndSwap(packed, pack(value, at)) {
			return
		}
	}
}

// pack puts a latency and the time it was seen into one word, so that nobody reads one without the other.
func pack(nanoseconds float64, stamp uint32) uint64 {
	return uint64(math.Float32bits(float32(nanoseconds)))<<32 | uint64(stamp)
}

func unpack(packed uint64) (nanoseconds float64, stamp uint32) {
	return float64(math.Float32frombits(uint32(packed >> 32))), uint32(packed)
}

// millis is a clock that goes round in seven weeks.
func millis(now int64) uint32 { return uint32(now / int64(time.Millisecond)) }

// weight is how much of what was known at a time still counts.
func weight(then, now uint32) float64 {
	passed := int32(now - then)
	if passed <= 0 {
		return 1
	}
	return math.Exp(-float64(passed) / float64(window/time.Millisecond))
}
