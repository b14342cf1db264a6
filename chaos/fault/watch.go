package fault

import (
	"context"
	"errors"
	"figlab/chaos/link"
	"fmt"
	"sync"
	"syscall"
	"time"
)

// looks is how many probes make one look at a link.
const looks = 3

// A sight is what was seen of a fault so far.
type sight struct {
	before   time.Duration // the fastest probe before the fault
	during   time.Duration // the fastest while it was on: when the fault was gone even once, it shows
	after    time.Duration // the one that showed the link as it was; zero before
	answered int           // probes while the fault was on, by what became of them
	refused  int
	failed   int
	passed   link.Counts   // while the fault was on, without the probes
	held     time.Duration // how long it was on
}

func (s sight) evidence() map[string]float64 {
	e := map[string]float64{
		"probe_before_ms":          ms(s.before),
		"answered_probes":          float64(s.answered),
		"refused_probes":           float64(s.refused),
		"failed_probes":            float64(s.failed),
		"new_connections_during":   float64(s.passed.Connections),
		"cut_connections_during":   float64(s.passed.Cut),
		"bytes_from_caller_during": float64(s.passed.BytesUp),
		"bytes_from_callee_during": float64(s.passed.BytesDown),
		"held_ms":                  ms(s.held),
	}
	if s.answered > 0 {
		e["probe_during_ms"] = ms(s.during)
	}
	if s.after > 0 {
		e["probe_after_ms"] = ms(s.after)
	}
	return e
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// A watch collects the evidence of one fault.
type watch struct {
	on Observable

	mu     sync.Mutex
	seen   sight
	start  time.Time
	counts link.Counts // when the fault began
	over   bool        // what has passed is final
}

// baseline probes the sound link. Every probe must answer: nothing can be said about a fault on a link that does not work.
func (w *watch) baseline(ctx context.Context) error {
	for range looks {
		rtt, err := w.probe(ctx, patience)
		if err != nil {
			return err
		}
		w.seen.before = fastest(w.seen.before, rtt)
	}
	return nil
}

// begin marks the time from which traffic counts.
func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.start, w.counts = time.Now(), w.on.Counts()
}

// look probes the broken link, side by side, so that a long delay is waited for once.
func (w *watch) look(ctx context.Context, bound time.Duration) {
	var probing sync.WaitGroup
	for range looks {
		probing.Go(func() {
			rtt, err := w.probe(ctx, bound)
			w.mu.Lock()
			defer w.mu.Unlock()
			switch {
			case err == nil:
				w.seen.during = fastest(w.seen.during, rtt)
				w.seen.answered++
			case errors.Is(err, syscall.ECONNREFUSED):
				w.seen.refused++
			case ctx.Err() == nil: // a probe that the holder broke off says nothing
				w.seen.failed++
			}
		})
	}
	probing.Wait()
}

// finish marks the time up to which traffic counts.
func (w *watch) finish() {
	s := w.sight()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen, w.over = s, true
}

// recovered probes until the effect is gone.
func (w *watch) recovered(ctx context.Context, gone func(before, now time.Duration) bool) error {
	bounded, cancel := context.WithTimeout(ctx, verify)
	defer cancel()
	again := time.NewTicker(retry)
	defer again.Stop()
	before := w.sight().before
	for {
		rtt, err := w.probe(bounded, verify)
		if err == nil && gone(before, rtt) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.seen.after = rtt
			return nil
		}
		if err == nil {
			err = fmt.Errorf("a probe takes %s, before the fault it took %s", rtt, before)
		}
		select {
		case <-again.C:
		case <-bounded.Done():
			return fmt.Errorf("%w: %w", ErrNotUndone, err)
		}
	}
}

func (w *watch) probe(ctx context.Context, bound time.Duration) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	return w.on.Probe(ctx)
}

// sight returns what was seen up to now.
func (w *watch) sight() sight {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.seen
	if !w.over {
		now := w.on.Counts()
		s.held = time.Since(w.start)
		s.passed = link.Counts{
			Connections: now.Connections - w.counts.Connections,
			BytesUp:     now.BytesUp - w.counts.BytesUp,
			BytesDown:   now.BytesDown - w.counts.BytesDown,
			Cut:         now.Cut - w.counts.Cut,
		}
	}
	return s
}

func fastest(a, b time.Duration) time.Duration {
	if a == 0 || b < a {
		return b
	}
	return a
}
