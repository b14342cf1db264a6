package call

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	usualBulkhead = 64
	mostAttempts  = 10
)

// A Policy is what a service declares about the calls it makes to another. Policies are values: equal ones share a client.
type Policy struct {
	To         string        // the service, as the registry knows it
	Why        string        // what it is asked for, in a few words, for tables
	Timeout    time.Duration // for a call with all its tries; less when the caller's budget is nearly used up
	Attempts   int           // at most; 0 and 1: never twice. Only what may be repeated is: GET, HEAD, Idempotency-Key, or Idempotent
	Idempotent bool          // every operation asked of it may be repeated: the callee acts once per key
	Bulkhead   int           // calls under way at once; 0 means 64
	Hedge      time.Duration // a GET not answered by then is asked a second time elsewhere; 0: never
	AsUser     bool          // pass the caller's session token on
	Fallback   string        // in words, what is done when it does not answer; empty: the operation fails
}

// Validate says everything that is wrong with a policy.
func (p Policy) Validate() error {
	var problems []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			problems = append(problems, fmt.Errorf("policy to %q: "+format, append([]any{p.To}, args...)...))
		}
	}
	wrong(p.To == "" || strings.ContainsAny(p.To, ":/ "), "want the name of a service")
	wrong(p.Timeout <= 0, "a timeout of %s: nothing may be waited for without end", p.Timeout)
	wrong(p.Attempts < 0 || p.Attempts > mostAttempts, "%d attempts, want 0 to %d", p.Attempts, mostAttempts)
	wrong(p.Bulkhead < 0, "a bulkhead of %d", p.Bulkhead)
	wrong(p.Hedge < 0 || p.Hedge > 0 && p.Hedge >= p.Timeout, "a hedge after %s, want it before the timeout of %s", p.Hedge, p.Timeout)
	return errors.Join(problems...)
}

func (p Policy) places() uint {
	if p.Bulkhead == 0 {
		return usualBulkhead
	}
	return uint(p.Bulkhead)
}
