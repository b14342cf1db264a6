package shed

import (
	"figlab/api/contract"
	"figlab/api/problem"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// Budget is the header by which a caller says how many milliseconds it will still wait for the answer.
const Budget = contract.Budget

// Options of a shedder.
type Options struct {
	Name     string                   // of the process, for X-Served-By; empty: not told
	Most     int                      // requests under way at once; 0: 256
	Wait     int                      // requests that may wait for a turn; 0: 128, less: none
	Patience time.Duration            // how long each may wait; 0: 100 ms
	Exempt   func(*http.Request) bool // what is let through and not counted, e.g. questions about health; nil: nothing
}

func (o Options) filled() Options {
	if o.Most <= 0 {
		o.Most = 256
	}
	if o.Wait == 0 {
		o.Wait = 128
	}
	if o.Patience <= 0 {
		o.Patience = 100 * time.Millisecond
	}
	if o.Exempt == nil {
		o.Exempt = func(*http.Request) bool { return false }
	}
	return o
}

// Stats counts what became of requests.
type Stats struct {
	Admitted int64 `json:"admitted"` // got a turn
	Waited   int64 `json:"waited"`   // of these: not at once
	Shed     int64 `json:"shed"`     // got none: refused, or gone while they waited
}

// A Shedder bounds what all the handlers it wraps do at once.
type Shedder struct {
	o                      Options
	turns                  *turns
	admitted, waited, shed atomic.Int64
}

// New returns a shedder with nothing under way.
func New(o Options) *Shedder {
	o = o.filled()
	return &Shedder{o: o, turns: newTurns(o.Most, max(o.Wait, 0))}
}

// Stats returns the counts so far.
func (s *Shedder) Stats() Stats {
	return Stats{Admitted: s.admitted.Load(), Waited: s.waited.Load(), Shed: s.shed.Load()}
}

// Wrap returns a handler that gives each request to next when it has its turn, or refuses it. It stands outside of whatever reads the
// budget: the time a request has waited is taken from it.
func (s *Shedder) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.o.Exempt(r) {
			next.ServeHTTP(w, r)
			return
		}
		budget, bounded := budgetOf(r)
		if bounded && budget <= 0 {
			s.refuse(w, r, errSpent)
			return
		}
		if !s.turns.take() {
			if why := s.wait(r, budget, bounded); why != nil {
				s.refuse(w, r, why)
				return
			}
			s.waited.Add(1)
		}
		defer s.turns.give() // also when next panics
		s.admitted.Add(1)
		next.ServeHTTP(w, r)
	})
}

// wait returns nil when the request has a turn.
func (s *Shedder) wait(r *http.Request, budget time.Duration, bounded bool) *problem.Error {
	began, patience := time.Now(), s.o.Patience
	if bounded {
		patience = min(patience, budget)
	}
	if !s.turns.wait(r.Context(), patience) {
		if bounded && time.Since(began) >= budget {
			return errSpent
		}
		return errOverloaded
	}
	if bounded {
		left := budget - time.Since(began)
		if left < time.Millisecond {
			s.turns.give()
			return errSpent
		}
		r.Header.Set(Budget, strconv.FormatInt(left.Milliseconds(), 10))
	}
	return nil
}

// budgetOf returns how long the caller will still wait. One that cannot be read is none: a caller that cannot count is served as one that
// does not.
func budgetOf(r *http.Request) (time.Duration, bool) {
	values := r.Header[Budget]
	if len(values) == 0 {
		return 0, false
	}
	ms, err := strconv.ParseInt(values[0], 10, 32)
	if err != nil {
		return 0, false
	}
	return time.Duration(ms) * time.Millisecond, true
}
