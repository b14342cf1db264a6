package call

import (
	"context"
	"figlab/api/contract"
	"figlab/internal/process"
	"figlab/microservices/platform/balance"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	firstWait = 10 * time.Millisecond  // before the second try; doubled for each that follows
	mostWait  = 200 * time.Millisecond // at most, unless the callee says how long
)

// A run is one call with all its tries.
type run struct {
	*client
	req        *http.Request
	ctx        context.Context // ends with the budget, and when the answer has been read
	cancel     context.CancelFunc
	deadline   time.Time
	fixed      bool // the address is given
	repeatable bool
	body       func() (io.ReadCloser, error) // nil: there is none
	size       int64
	from       carried
	path       string
	identity   string
	tried      []*balance.Backend
	three      [3]*balance.Backend // room for the first of tried

	maybe atomic.Bool // one of the tries may have had its effect
	ended atomic.Bool
}

// left is the time that is left, by the clock that ends a context.
func (r *run) left() time.Duration { return time.Until(r.deadline) }

// end gives back what the call holds: when its answer has been read, or there is none.
func (r *run) end() {
	if !r.ended.Swap(true) {
		r.cancel()
		r.room.ReleasePermit()
	}
}

// tries asks until there is an answer, or no further try is worth it. The last failure is kept until the next try is certain to be made.
func (r *run) tries() (*http.Response, error) {
	t, err := r.admit(true)
	leave(r.req.Body) // what is sent is a copy
	if err != nil {
		return nil, err
	}
	for n := 1; ; n++ {
		answer, err := r.ask(t)
		sure := certain(answer, err)
		if (err != nil || answer.StatusCode >= http.StatusInternalServerError) && !sure {
			r.maybe.Store(true)
		}
		if !r.again(n, answer, err, sure) {
			return r.outcome(answer, err)
		}
		if t, _ = r.admit(true); t == nil {
			return r.outcome(answer, err)
		}
		drop(answer)
		r.retries.Add(1)
	}
}

// ask makes one try, with a hedge where one is declared and there may be another instance.
func (r *run) ask(t *try) (*http.Response, error) {
	if r.Hedge > 0 && r.req.Method != http.MethodHead && reads(r.req.Method) && !r.fixed && len(r.to.known()) > 1 {
		return r.hedged(t)
	}
	return r.send(r.ctx, t)
}

// admit makes a try ready: the time, the instance and the breaker allow it. Others come before those that were tried already; when there
// are none, again says whether they are asked once more.
func (r *run) admit(again bool) (*try, error) {
	if r.left() < leastCan {
		return nil, r.spent()
	}
	t := &try{address: r.req.URL.Host}
	if !r.fixed {
		t.by = r.to.pool.Pick(r.tried...)
		if t.by == nil && again && len(r.tried) > 0 {
			r.tried = r.tried[:0]
			t.by = r.to.pool.Pick()
		}
		if t.by == nil {
			return nil, unavailable("no-instance", "no instance of "+r.To+" is there to answer; it had no effect", nil)
		}
		t.address = t.by.Address
	}
	var ok bool
	if ok, t.probe = r.to.breaker.allow(); !ok {
		if t.by != nil {
			t.by.Done(balance.Outcome{Cut: true})
		}
		return nil, unavailable("breaker-open", r.To+" has failed too often just now, and is left alone; it had no effect", nil)
	}
	if t.by != nil {
		r.tried = append(r.tried, t.by)
	}
	return t, nil
}

// certain says whether a try had no effect. An answer below 500 has whatever effect it says.
func certain(answer *http.Response, err error) bool {
	if err != nil {
		return unreachable(err) || NotExecuted(err)
	}
	return answer.Header.Get(contract.NotExecuted) == "1"
}

// again says whether there is to be another try after the nth, and has waited for it.
func (r *run) again(n int, answer *http.Response, err error, sure bool) bool {
	switch {
	case n >= r.Attempts, r.ctx.Err() != nil, !sure && !r.repeatable:
		return false
	case err == nil && !balance.Failing(answer.StatusCode) && (!sure || answer.StatusCode != http.StatusTooManyRequests):
		return false
	}
	wait := r.wait(n, answer)
	if wait+leastCan >= r.left() || !r.pay() {
		return false
	}
	return process.Pause(r.ctx, wait) == nil
}

// pay takes a retry or a hedge from the budget of the service.
func (r *run) pay() bool {
	if r.to.retries.take(r.to.calls.Load(), r.caller.o.Deps.Now()) {
		return true
	}
	r.exhausted.Add(1)
	return false
}

// wait is how long to wait after the nth try: twice as long each time, and up to twice that by chance, so that those who failed together do
// not come back together.
func (r *run) wait(n int, answer *http.Response) time.Duration {
	d := firstWait << min(n-1, 5)
	d = min(d+time.Duration(r.caller.o.Draw(int(d))), mostWait)
	if answer == nil {
		return d
	}
	seconds, err := strconv.ParseUint(answer.Header.Get("Retry-After"), 10, 16)
	if err != nil { // none, or a date: nobody in the house sends one
		return d
	}
	return max(d, time.Duration(seconds)*time.Second)
}

// outcome is what is told about a call after its last try. An answer that says that it had no effect speaks for that try alone.
func (r *run) outcome(answer *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, lost(r.ctx, r.To, err, !r.maybe.Load())
	}
	if r.maybe.Load() {
		answer.Header.Del(contract.NotExecuted)
	}
	return answer, nil
}
