package fault

import (
	"context"
	"time"
)

// Down refuses new connections and resets the open ones, as when the callee's process is gone. A refused request was certainly not
// executed; one in flight when the link goes down may have been.
type Down struct{}

// Kind is the name in YAML.
func (f *Down) Kind() string { return "down" }

// Validate returns all problems; there is nothing to get wrong.
func (f *Down) Validate() []error { return nil }

// Inject takes the link down. Proof is that every probe is refused.
func (f *Down) Inject(ctx context.Context, on Target) (*Lease, error) {
	return hold(ctx, on, effect{
		kind:     f.Kind(),
		act:      on.Down,
		acted:    func(s sight) bool { return s.refused > 0 && s.answered == 0 && s.failed == 0 },
		gone:     func(time.Duration, time.Duration) bool { return true }, // any answer will do
		patience: patience,
	})
}
