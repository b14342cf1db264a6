package process

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Part is one thing a process runs: a server, a relay, a sweeper. Run blocks until ctx ends or the part fails; it returns nil after a
// clean end.
type Part struct {
	Name string
	Run  func(ctx context.Context) error
}

// ErrGrace is returned when a part did not stop within its grace.
var ErrGrace = errors.New("did not stop within its grace")

// Run starts the parts in order and blocks until ctx ends or one of them returns. Then it stops them in reverse order, one after the
// other, giving each the grace: the listener stops taking work before the relay behind it stops carrying it.
func Run(ctx context.Context, grace time.Duration, parts ...Part) error {
	type ended struct {
		part int
		err  error
	}
	ends := make(chan ended, len(parts))
	stops := make([]context.CancelFunc, len(parts))
	dones := make([]chan struct{}, len(parts))
	for i, p := range parts {
		var own context.Context
		own, stops[i] = context.WithCancel(context.WithoutCancel(ctx))
		dones[i] = make(chan struct{})
		go func() {
			defer close(dones[i])
			ends <- ended{i, p.Run(own)}
		}()
	}

	var errs []error
	select {
	case <-ctx.Done():
	case e := <-ends:
		if e.err == nil && ctx.Err() == nil {
			e.err = errors.New("ended by itself")
		}
		if e.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", parts[e.part].Name, e.err))
		}
	}
	for i := len(parts) - 1; i >= 0; i-- {
		stops[i]()
		if !within(grace, dones[i]) {
			errs = append(errs, fmt.Errorf("%s: %w of %s", parts[i].Name, ErrGrace, grace))
		}
	}
	for len(ends) > 0 {
		if e := <-ends; e.err != nil && !errors.Is(e.err, context.Canceled) {
			errs = append(errs, fmt.Errorf("%s: %w", parts[e.part].Name, e.err))
		}
	}
	return errors.Join(errs...)
}

// within waits for done, but no longer than the grace.
func within(grace time.Duration, done <-chan struct{}) bool {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
