package forward

import (
	"context"
	"errors"
	"figlab/api/contract"
	"figlab/api/problem"
	"figlab/internal/process"
	"figlab/strangler/platform/route"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

const (
	maxBody = 1 << 20          // bytes of a request; the contract allows far less
	atMost  = 20 * time.Second // for the monolith's whole answer
)

// A Forwarder is the public door of the strangler.
type Forwarder struct {
	router    *route.Router
	houses    [2]func() (address string, ok bool) // by route.House
	transport http.RoundTripper
	breakers  map[string]circuitbreaker.CircuitBreaker[any] // capability → that of the way to its service
	buffers   sync.Pool
	deps      process.Deps
}

// New returns a forwarder that finds an instance of each house when it needs one.
func New(router *route.Router, monolith, service func() (address string, ok bool), deps process.Deps) *Forwarder {
	f := &Forwarder{router: router, transport: deps.Transport(), breakers: map[string]circuitbreaker.CircuitBreaker[any]{}, deps: deps}
	f.houses[route.Monolith], f.houses[route.Service] = monolith, service
	f.buffers.New = func() any { b := make([]byte, 32<<10); return &b }
	for _, c := range router.Capabilities() {
		// Half of the last twenty went wrong: let the service alone for a second, then try with one request.
		f.breakers[c] = circuitbreaker.NewBuilder[any]().WithFailureThresholdRatio(10, 20).WithDelay(time.Second).Build()
	}
	return f
}

// ServeHTTP answers one request.
func (f *Forwarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get(contract.RequestID) == "" {
		r.Header.Set(contract.RequestID, f.deps.IDs.New())
	}
	way := f.router.Way(r)
	if way.House == route.Service && f.service(w, r, way.Operation) {
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		// A body that comes from a connection cannot be sent twice. Even an empty one is passed on as such: else the transport would repeat
		// a write that carries an Idempotency-Key, by itself, when a connection breaks.
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	}
	ctx, cancel := context.WithTimeout(r.Context(), atMost)
	defer cancel()
	answer, err := f.ask(ctx, r, route.Monolith) //nolint:bodyclose // pass closes it
	if err != nil {
		f.refuse(w, r, way.Operation, err)
		return
	}
	degraded := ""
	if way.House == route.Service {
		degraded = way.Operation.Capability + " service"
	}
	f.pass(w, answer, degraded)
	if way.Operation != nil {
		way.Operation.Answered(route.Monolith, degraded != "")
	}
}

// service has the service answer and says whether the request is done with. It is not when the monolith shall answer instead.
func (f *Forwarder) service(w http.ResponseWriter, r *http.Request, o *route.Operation) bool {
	ctx, cancel := context.WithTimeout(r.Context(), o.Shift.Timeout)
	defer cancel()
	answer, err := f.guarded(ctx, r, f.breakers[o.Capability])
	falls := o.Shift.Falls() && r.ContentLength == 0
	switch {
	case err != nil && (!falls || r.Context().Err() != nil):
		f.refuse(w, r, o, err)
		return true
	case err != nil:
		return false
	case answer.StatusCode >= http.StatusInternalServerError && falls:
		_ = answer.Body.Close() // nobody will read it
		return false
	}
	f.pass(w, answer, "")
	o.Answered(route.Service, false)
	return true
}

// errOpen is returned while the breaker is open.
var errOpen = errors.New("the services have failed too often just now")

// guarded asks the service through the breaker. That the caller went away says nothing about the service.
func (f *Forwarder) guarded(
	ctx context.Context, r *http.Request, breaker circuitbreaker.CircuitBreaker[any],
) (*http.Response, error) {
	if !breaker.TryAcquirePermit() {
		return nil, errOpen
	}
	answer, err := f.ask(ctx, r, route.Service)
	if r.Context().Err() == nil && (err != nil || answer.StatusCode >= http.StatusInternalServerError) {
		breaker.RecordFailure()
	} else {
		breaker.RecordSuccess()
	}
	return answer, err
}

// errNobody is returned when the registry knows no instance.
var errNobody = errors.New("no instance is registered")

// ask sends the request to a house and returns its answer, of which the header has been read.
func (f *Forwarder) ask(ctx context.Context, r *http.Request, to route.House) (*http.Response, error) {
	address, ok := f.houses[to]()
	if !ok {
		return nil, errNobody
	}
	out := (&http.Request{
		Method: r.Method, Host: r.Host, Body: r.Body, ContentLength: r.ContentLength, Header: r.Header.Clone(),
		URL: &url.URL{
			Scheme: "http", Host: address, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery, ForceQuery: r.URL.ForceQuery,
		},
	}).WithContext(ctx)
	process.EndToEnd(out.Header)
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = nil // or the transport names itself
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		out.Header.Add("X-Forwarded-For", host)
	}
	return f.transport.RoundTrip(out) //nolint:wrapcheck // refuse tells it apart
}

// pass copies an answer to the caller.
func (f *Forwarder) pass(w http.ResponseWriter, answer *http.Response, degraded string) {
	defer func() { _ = answer.Body.Close() }() // it was only read
	h := w.Header()
	process.EndToEnd(answer.Header)
	for name, values := range answer.Header {
		h[name] = values
	}
	if degraded != "" {
		h.Set(contract.Degraded, degraded)
	}
	w.WriteHeader(answer.StatusCode)
	buffer, _ := f.buffers.Get().(*[]byte)
	defer f.buffers.Put(buffer)
	// Only the writer is shown: the server's own way of reading from a body writes a small answer in two packets.
	if _, err := io.CopyBuffer(struct{ io.Writer }{w}, answer.Body, *buffer); err != nil {
		// Half an answer must not look like a whole one: the connection ends without the last chunk.
		panic(http.ErrAbortHandler)
	}
}

// refuse tells the caller why nobody answered.
func (f *Forwarder) refuse(w http.ResponseWriter, r *http.Request, o *route.Operation, err error) {
	if o != nil {
		o.Failed()
	}
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the caller is gone, and cannot be told
	}
	failure, certain := kind(err)
	d := problem.From(failure)
	d.RequestID = r.Header.Get(contract.RequestID)
	w.Header().Set(contract.RequestID, d.RequestID)
	w.Header().Set(contract.ServedBy, f.deps.Name)
	if certain {
		w.Header().Set(contract.NotExecuted, "1")
	}
	f.deps.Log.WarnContext(r.Context(), "request not answered",
		"request_id", d.RequestID, "method", r.Method, "path", r.URL.Path, "status", d.Status, "error", err.Error())
	if err := problem.Write(w, d); err != nil {
		f.deps.Log.DebugContext(r.Context(), "problem not sent", "request_id", d.RequestID, "error", err.Error())
	}
}

// kind turns a failure into the problem told about it, and says whether the request certainly had no effect.
func kind(err error) (failure *problem.Error, certain bool) {
	told := func(kind, detail string) *problem.Error {
		return &problem.Error{Kind: kind, Code: kind, Detail: detail}
	}
	var dial *net.OpError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return told("too-large", "the body is larger than any the shop takes"), false
	case errors.Is(err, errNobody), errors.Is(err, errOpen), errors.As(err, &dial) && dial.Op == "dial":
		return told("unavailable", "nobody is there to answer; the request was not sent on"), true
	case errors.Is(err, context.DeadlineExceeded):
		return told("timeout", "no answer came in time; the request may have had its effect"), false
	}
	return told("bad-gateway", "the answer was lost; the request may have had its effect"), false
}
