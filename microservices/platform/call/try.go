package call

import (
	"context"
	"errors"
	"figlab/api/contract"
	"figlab/api/token"
	"figlab/microservices/platform/balance"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// A try is one request to one instance.
type try struct {
	by      *balance.Backend // nil: a fixed address
	address string
	probe   bool // it finds out for the breaker whether the service is back
	began   time.Time
	took    time.Duration // until the answer began
	settled atomic.Bool
}

// send makes a try. Its end is told to the instance and the breaker: at once when it failed, else when the answer has been read.
func (r *run) send(ctx context.Context, t *try) (*http.Response, error) {
	r.attempts.Add(1)
	t.began = r.caller.o.Deps.Now()
	out, err := r.outgoing(ctx, t)
	if err != nil {
		r.settle(t, cut, false)
		return nil, err
	}
	answer, err := r.caller.transport.RoundTrip(out)
	t.took = max(r.caller.o.Deps.Now().Sub(t.began), 1)
	if err != nil {
		if t.by != nil && unreachable(err) {
			r.to.pool.Refused(t.by)
		}
		r.settle(t, blame(ctx), true)
		return nil, err //nolint:wrapcheck // lost tells it apart
	}
	switch {
	case answer.StatusCode >= http.StatusInternalServerError:
		r.settle(t, failed, balance.Failing(answer.StatusCode))
	case t.probe || answer.Body == http.NoBody:
		r.settle(t, good, false)
	}
	if answer.Body != http.NoBody {
		answer.Body = &body{ReadCloser: answer.Body, run: r, try: t, ctx: ctx}
	}
	return answer, nil
}

// outgoing is the request as an instance gets it.
func (r *run) outgoing(ctx context.Context, t *try) (*http.Request, error) {
	out, to := r.req.WithContext(ctx), *r.req.URL
	to.Host = t.address
	out.URL, out.Header = &to, r.header(ctx)
	// Without a way to get the body again, and with one even where it is empty, the transport cannot repeat a write by itself.
	out.GetBody, out.Body, out.ContentLength = nil, nil, r.size
	switch {
	case r.body != nil:
		sent, err := r.body()
		if err != nil {
			return nil, refused("internal", "no-body", "the body of the call could not be read again", err)
		}
		out.Body = sent
	case !reads(out.Method):
		out.Body = once{}
	}
	return out, nil
}

// once is an empty body that nobody takes for none.
type once struct{}

func (once) Read([]byte) (int, error) { return 0, io.EOF }
func (once) Close() error             { return nil }

// header is that of the request with what we add to it. Each try has its own, since the transport may still read that of the one before.
func (r *run) header(ctx context.Context) http.Header {
	h := make(http.Header, len(r.req.Header)+5)
	maps.Copy(h, r.req.Header)
	values := make([]string, 0, 5)
	set := func(name, value string) {
		if value != "" {
			values = append(values, value)
			h[name] = values[len(values)-1 : len(values) : len(values)]
		}
	}
	set(PathHeader, r.path)
	set(BudgetHeader, strconv.FormatInt(r.left().Milliseconds(), 10))
	delete(h, IdentityHeader) // nobody speaks for us
	set(IdentityHeader, r.identity)
	if h[contract.RequestID] == nil {
		set(contract.RequestID, r.from.request)
	}
	if signed := token.Signed(ctx); r.AsUser && signed != "" {
		set("Authorization", "Bearer "+signed)
	}
	return h
}

// blame says whose fault it is that a try was not answered: whoever gave it up says nothing about the instance.
func blame(ctx context.Context) verdict {
	if errors.Is(ctx.Err(), context.Canceled) {
		return cut
	}
	return failed
}

// settle tells the instance and the breaker, once, how a try has ended; ill says whether it counts against the instance too.
func (r *run) settle(t *try, v verdict, ill bool) {
	if t.settled.Swap(true) {
		return
	}
	r.to.breaker.settle(v, t.probe, r.caller.o.Deps.Now())
	if t.by != nil {
		t.by.Done(balance.Outcome{Took: t.took, Failed: v == failed && ill, Cut: v == cut})
	}
}

// body is that of an answer. The call lasts until it has been read or closed.
type body struct {
	io.ReadCloser
	run   *run
	try   *try
	ctx   context.Context
	whole bool // it is the answer to the call: with it the call ends
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == nil {
		return n, nil
	}
	if errors.Is(err, io.EOF) {
		b.end(good)
		return n, io.EOF
	}
	err = lost(b.ctx, b.run.To, err, false)
	if b.whole && !b.run.ended.Load() {
		err = b.run.noted(err)
	}
	b.end(blame(b.ctx))
	return n, err
}

// Close gives up what was not read.
func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.end(good)
	return err //nolint:wrapcheck // it is the transport's to explain
}

func (b *body) end(v verdict) {
	b.run.settle(b.try, v, true)
	if b.whole {
		b.run.end()
	}
}

// drop throws an answer away that nobody will read, so that its connection can be used again if that costs little.
func drop(answer *http.Response) {
	if answer == nil {
		return
	}
	_, _ = io.CopyN(io.Discard, answer.Body, 4<<10) // what is left after that ends with the connection
	_ = answer.Body.Close()                         // it was only read
}
