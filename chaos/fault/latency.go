package fault

import (
	"context"
	"errors"
	"figlab/chaos/link"
	"fmt"
	"time"
)

// longest is the most a latency may hold back: a link is closed only when its toxics are empty, and its watchdog does not wait longer.
const longest = link.Watchdog / 2

// Latency delays what passes in one direction by Delay ± Jitter. Upstream, a caller that gives up may have given up before the callee
// knew of the request; downstream, the callee has done what was asked and the answer is late.
type Latency struct {
	Delay  time.Duration `yaml:"delay"`  // whole milliseconds
	Jitter time.Duration `yaml:"jitter"` // whole milliseconds, at most half the delay
	Stream string        `yaml:"stream"` // upstream or downstream
}

// Kind is the name in YAML.
func (f *Latency) Kind() string { return "latency" }

// Validate returns all problems.
func (f *Latency) Validate() []error {
	var all []error
	if f.Delay <= 0 || f.Delay%time.Millisecond != 0 {
		all = append(all, fmt.Errorf("delay %s: want whole milliseconds, at least one", f.Delay))
	}
	// With more jitter a delayed round trip may be hard to tell from one that is not.
	if f.Jitter < 0 || f.Jitter > f.Delay/2 || f.Jitter%time.Millisecond != 0 {
		all = append(all, fmt.Errorf("jitter %s: want whole milliseconds, at most half the delay of %s", f.Jitter, f.Delay))
	}
	if f.Delay+f.Jitter > longest {
		all = append(all, fmt.Errorf("delay %s and jitter %s: together want at most %s", f.Delay, f.Jitter, longest))
	}
	if f.Stream != "upstream" && f.Stream != "downstream" {
		all = append(all, fmt.Errorf("stream %q: want upstream or downstream", f.Stream))
	}
	return all
}

// Inject delays the link. Proof is a probe that takes at least four fifths of the smallest delay longer than before, every time, and
// traffic in the delayed direction.
func (f *Latency) Inject(ctx context.Context, on Target) (*Lease, error) {
	if err := errors.Join(f.Validate()...); err != nil {
		return nil, fmt.Errorf("latency on %s: %w", on.ID(), err)
	}
	least := f.Delay - f.Jitter
	return hold(ctx, on, effect{
		kind: f.Kind(),
		act: func(ctx context.Context) error {
			return on.Add(ctx, link.Toxic{
				Name: "latency", Type: "latency", Stream: f.Stream,
				Attributes: map[string]any{"latency": f.Delay.Milliseconds(), "jitter": f.Jitter.Milliseconds()},
			})
		},
		acted: func(s sight) bool {
			passed := s.passed.BytesDown
			if f.Stream == "upstream" {
				passed = s.passed.BytesUp
			}
			return s.answered > 0 && (s.during-s.before)*5 >= least*4 && passed > 0
		},
		gone:     func(before, now time.Duration) bool { return now-before < least/2 },
		patience: patience + f.Delay + f.Jitter,
	})
}
