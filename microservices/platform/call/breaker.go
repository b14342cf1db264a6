package call

import (
	"figlab/internal/process"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

const (
	breakerWindow = 20          // results that are looked at
	breakerLimit  = 10          // failures among them that open it
	breakerRow    = 5           // failures in a row that open it while there is little traffic
	breakerSlow   = time.Second // a row that took longer than this is little traffic
	breakerRest   = time.Second // before it is tried again, with one call
)

// A verdict is what the end of a try says about the service.
type verdict int

const (
	good   verdict = iota
	failed         // no connection, no answer in time, or a failure of its own
	cut            // given up by whoever asked: it says nothing
)

// A breaker leaves a service alone that has failed too often.
type breaker struct {
	circuit circuitbreaker.CircuitBreaker[any]
	state   atomic.Int64 // that of the circuit, readable without its lock
	opened  atomic.Int64
	row     atomic.Int64 // failures one after the other
	began   atomic.Int64 // when the row did, in nanoseconds since 1970
}

func newBreaker(service string, deps process.Deps) *breaker {
	b := &breaker{}
	b.circuit = circuitbreaker.NewBuilder[any]().
		WithFailureThresholdRatio(breakerLimit, breakerWindow).WithSuccessThreshold(1).WithDelay(breakerRest).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
			b.state.Store(int64(e.NewState))
			b.row.Store(0)
			if e.NewState == circuitbreaker.OpenState {
				b.opened.Add(1)
			}
			deps.Log.Info("breaker changed", "service", service, "from", e.OldState.String(), "to", e.NewState.String())
		}).Build()
	return b
}

func (b *breaker) is(s circuitbreaker.State) bool { return b.state.Load() == int64(s) }

// allow says whether a try may go on, and whether it is the one that finds out if the service is back.
func (b *breaker) allow() (ok, probe bool) {
	if !b.circuit.TryAcquirePermit() {
		return false, false
	}
	return true, b.is(circuitbreaker.HalfOpenState)
}

// settle takes the end of a try into account. A probe always counts, or nobody would ever be let through again: one that was given up
// proves nothing, so the service is left alone for another while. Others count only while the breaker is closed: they were begun before
// it opened.
func (b *breaker) settle(v verdict, probe bool, now time.Time) {
	switch {
	case probe && v == good:
		b.circuit.RecordSuccess()
	case probe:
		b.circuit.RecordFailure()
	case v == cut || !b.is(circuitbreaker.ClosedState):
	case v == good:
		if b.row.Load() != 0 {
			b.row.Store(0)
		}
		b.circuit.RecordSuccess()
	default:
		b.fail(now)
	}
}

// fail counts a failure. Half of the last twenty open the breaker; where there are not so many calls, five in a row do.
func (b *breaker) fail(now time.Time) {
	n := b.row.Add(1)
	if n == 1 {
		b.began.Store(now.UnixNano())
	}
	b.circuit.RecordFailure()
	little := now.UnixNano()-b.began.Load() >= int64(breakerSlow) || b.circuit.Metrics().Executions() < breakerWindow
	if n >= breakerRow && little && b.is(circuitbreaker.ClosedState) {
		b.circuit.Open()
	}
}
