package call

import (
	"context"
	"errors"
	"figlab/api/problem"
	"net"
)

// The codes that are counted.
const (
	timeout      = "timeout"
	cancelled    = "cancelled"
	budgetSpent  = "budget-spent"
	bulkheadFull = "bulkhead-full"
)

// failure is a call that was not answered. It is a *problem.Error to whoever looks for one, and keeps its cause.
type failure struct {
	told    *problem.Error
	certain bool // it had no effect
	cause   error
}

func (f *failure) Error() string {
	if f.cause == nil {
		return f.told.Detail
	}
	return f.told.Detail + ": " + f.cause.Error()
}

func (f *failure) Unwrap() []error {
	if f.cause == nil {
		return []error{f.told}
	}
	return []error{f.told, f.cause}
}

// NotExecuted says whether a call that failed certainly had no effect: nothing was sent, or whoever got it has said so.
func NotExecuted(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.certain
}

// refused is a call that was not even tried.
func refused(kind, code, detail string, cause error) *failure {
	return &failure{&problem.Error{Kind: kind, Code: code, Detail: detail}, true, cause}
}

func unavailable(code, detail string, cause error) *failure {
	return refused("unavailable", code, detail, cause)
}

// lost tells what became of a call by the error its last try ended with; certain says whether none of its tries had an effect. ctx is
// that of the call, so its end is the end of the budget or of the caller.
func lost(ctx context.Context, to string, err error, certain bool) *failure {
	var known *failure
	if errors.As(err, &known) {
		return &failure{known.told, known.certain && certain, known.cause}
	}
	effect := "; it may have had its effect"
	if certain {
		effect = "; it had no effect"
	}
	f := unavailable("connection-lost", to+" did not answer the call"+effect, err)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		f = refused("timeout", timeout, to+" did not answer in time"+effect, ctx.Err())
	case ctx.Err() != nil:
		f = unavailable(cancelled, "the call to "+to+" was given up"+effect, ctx.Err())
	case unreachable(err):
		f = unavailable("unreachable", "no instance of "+to+" could be reached"+effect, err)
	}
	f.certain = certain
	return f
}

// unreachable says whether no connection came about, so that certainly nothing was sent.
func unreachable(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}
