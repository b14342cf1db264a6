package fault

import (
	"context"
	"figlab/chaos/link"
	"time"
)

// A Fault is one way to break a link.
type Fault interface {
	Kind() string
	Validate() []error // all problems, as sentences
	// Inject breaks the link and returns what undoes it. After an error the link is healed again.
	Inject(ctx context.Context, on Target) (*Lease, error)
}

// A Target is what a fault acts on: a *link.Link.
type Target interface {
	Breakable
	Observable
}

// Breakable is the half of a target that is acted on.
type Breakable interface {
	Add(ctx context.Context, t link.Toxic) error
	Down(ctx context.Context) error
	Heal(ctx context.Context) error
}

// Observable is the half of a target that tells what the act did.
type Observable interface {
	ID() string
	Counts() link.Counts
	Probe(ctx context.Context) (rtt time.Duration, err error)
}

// Faults lists the kinds. Each call of an entry returns a fault of its own, to read YAML into.
func Faults() map[string]func() Fault {
	return map[string]func() Fault{
		"latency": func() Fault { return &Latency{} },
		"down":    func() Fault { return &Down{} },
	}
}
