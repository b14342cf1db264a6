package call

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
)

const (
	maxBody  = 1 << 20               // bytes of a request: it is kept for as long as it may have to be sent again
	roomWait = 50 * time.Millisecond // for a place in the bulkhead
	leastCan = time.Millisecond      // with less time left nothing is sent: no answer could come in time
)

// A client carries out the calls under one policy.
type client struct {
	Policy
	counts
	caller *Caller
	to     *service
	room   bulkhead.Bulkhead[any]
}

// RoundTrip makes one call.
func (c *client) RoundTrip(req *http.Request) (*http.Response, error) {
	c.calls.Add(1)
	c.to.calls.Add(1)
	r, err := c.begin(req)
	if err != nil {
		leave(req.Body)
		return nil, c.noted(err)
	}
	answer, err := r.tries()
	if err != nil {
		r.end()
		return nil, c.noted(err)
	}
	if answer.StatusCode >= http.StatusInternalServerError {
		c.failures.Add(1)
	}
	if b, ok := answer.Body.(*body); ok {
		b.whole = true
	} else {
		r.end()
	}
	return answer, nil
}

// noted counts how a call has failed.
func (c *client) noted(err error) error {
	code := ""
	if f := (*failure)(nil); errors.As(err, &f) {
		code = f.told.Code
	}
	if code != cancelled {
		c.failures.Add(1)
	}
	switch code {
	case timeout:
		c.timeouts.Add(1)
	case budgetSpent:
		c.budgetSpent.Add(1)
	case bulkheadFull:
		c.bulkheadFull.Add(1)
	}
	return err
}

// begin makes everything ready that all tries share, and takes a place in the bulkhead.
func (c *client) begin(req *http.Request) (*run, error) {
	r := &run{client: c, req: req, repeatable: c.Idempotent || reads(req.Method) || req.Header.Get("Idempotency-Key") != ""}
	r.tried = r.three[:0]
	r.fixed = strings.Contains(req.URL.Host, ":")
	if !r.fixed && req.URL.Host != c.To {
		return nil, refused("internal", "undeclared-call", fmt.Sprintf("a call to %q under the policy to %q", req.URL.Host, c.To), nil)
	}
	if c.caller.o.Identity != nil && !r.fixed {
		var err error
		if r.identity, err = c.caller.o.Identity.Token(c.To); err != nil {
			return nil, unavailable("no-identity", "this service could not say who it is", err)
		}
	}
	if err := r.keepBody(); err != nil {
		return nil, err
	}
	r.from = from(req.Context())
	if r.path = c.caller.o.Service; r.from.path != "" {
		r.path = r.from.path + ">" + r.path
	}
	ctx, cancel := context.WithTimeout(req.Context(), c.Timeout)
	r.ctx, r.cancel = ctx, cancel
	r.deadline, _ = ctx.Deadline()
	if err := c.enter(ctx, r.left()); err != nil {
		cancel()
		return nil, err
	}
	return r, nil
}

// enter takes a place in the bulkhead.
func (c *client) enter(ctx context.Context, left time.Duration) error {
	if left < leastCan {
		return c.spent()
	}
	if c.room.TryAcquirePermit() || c.room.AcquirePermitWithMaxWait(ctx, roomWait) == nil {
		return nil
	}
	if err := ctx.Err(); errors.Is(err, context.Canceled) {
		return lost(ctx, c.To, err, true)
	}
	return unavailable(bulkheadFull, "too many calls to "+c.To+" are under way; it had no effect", nil)
}

func (c *client) spent() *failure {
	return refused("timeout", budgetSpent, "no time is left to ask "+c.To+"; it had no effect", nil)
}

// keepBody makes the body of a request one that can be sent again.
func (r *run) keepBody() error {
	req := r.req
	switch {
	case req.Body == nil || req.Body == http.NoBody:
		return nil
	case req.ContentLength > maxBody:
		return tooLarge()
	case req.GetBody != nil && req.ContentLength > 0: // it is in memory already
		r.body, r.size = req.GetBody, req.ContentLength
		return nil
	}
	kept, err := io.ReadAll(io.LimitReader(req.Body, maxBody+1))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge()
	case err != nil:
		return refused("malformed", "no-body", "the body of the call could not be read", err)
	case len(kept) > maxBody:
		return tooLarge()
	}
	r.body, r.size = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(kept)), nil }, int64(len(kept))
	return nil
}

func tooLarge() *failure {
	return refused("too-large", "too-large", "the body is larger than any a service takes; it was not sent", nil)
}

func reads(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == ""
}

// leave closes the body of a request that is not sent, as a round tripper must.
func leave(b io.Closer) {
	if b != nil {
		_ = b.Close() // nobody has read from it
	}
}
