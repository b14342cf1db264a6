package gateway

import (
	"context"
	"errors"
	"figlab/api/contract"
	"figlab/internal/process"
	"figlab/microservices/platform/balance"
	"figlab/microservices/platform/host"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	maxBody     = 1 << 20          // bytes of a request; the contract allows far less
	readWithin  = 2 * time.Second  // for the whole answer to a read, all tries together
	writeWithin = 10 * time.Second // for the whole answer to a write
	bufferBytes = 32 << 10
)

// A Gateway is the public door of the house.
type Gateway struct {
	routes    routes
	transport http.RoundTripper
	buffers   sync.Pool
	deps      process.Deps
}

// pool is the instances of a service, as far as the gateway needs them.
type pool interface {
	Pick(tried ...*balance.Backend) *balance.Backend
	Refused(*balance.Backend)
}

// New binds the addresses of a gateway to these services. It is ready at once: services may come later.
func New(services []string, cfg host.Config, deps process.Deps) (*host.Host, error) {
	h, err := host.New("gateway", cfg, deps)
	if err != nil {
		return nil, err
	}
	pools, parts := map[string]pool{}, []process.Part{}
	known := h.Registry()
	for _, name := range services {
		set := known.Watch(name)
		pools[name] = balance.New(set.Instances, rand.IntN, deps.Now)
		parts = append(parts, set.Part())
	}
	g, err := newGateway(pools, deps)
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	h.Serve(g, nil, func() error { return nil }, parts...)
	return h, nil
}

func newGateway(pools map[string]pool, deps process.Deps) (*Gateway, error) {
	r, err := newRoutes(pools)
	if err != nil {
		return nil, err
	}
	g := &Gateway{routes: r, transport: deps.Transport(), deps: deps}
	g.buffers.New = func() any { b := make([]byte, bufferBytes); return &b }
	return g, nil
}

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get(contract.RequestID) == "" {
		r.Header.Set(contract.RequestID, g.deps.IDs.New())
	}
	way := g.routes.find(r.Method, r.URL.Path)
	if way == nil {
		g.refuse(w, r, errNoService)
		return
	}
	within := readWithin
	if way.operation.Write() {
		within = writeWithin
	}
	ctx, cancel := context.WithTimeout(r.Context(), within)
	defer cancel()
	began := g.deps.Now()
	answer, by, err := g.ask(ctx, way, g.outgoing(ctx, w, r, way.operation)) //nolint:bodyclose // pass closes it
	if err != nil {
		g.refuse(w, r, err)
		return
	}
	defer by.Done(balance.Outcome{Took: g.deps.Now().Sub(began), Failed: balance.Failing(answer.StatusCode)})
	g.pass(w, answer)
}

// outgoing is the request as a service gets it; the instance is still to be chosen. The header is the caller's own: nobody else
// reads it any more.
func (g *Gateway) outgoing(ctx context.Context, w http.ResponseWriter, r *http.Request, o contract.Operation) *http.Request {
	process.EndToEnd(r.Header)
	if _, ok := r.Header["User-Agent"]; !ok {
		r.Header["User-Agent"] = nil // or the transport names itself
	}
	if caller, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		r.Header.Add("X-Forwarded-For", caller)
	}
	out := &http.Request{
		Method: r.Method, Host: r.Host, Header: r.Header, Body: http.NoBody,
		URL: &url.URL{
			Scheme: "http", Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery, ForceQuery: r.URL.ForceQuery,
		},
	}
	if o.Write() {
		// A body that comes from a connection cannot be sent twice. Even an empty one is passed on as such: else the transport would repeat
		// a write that carries an Idempotency-Key, by itself, when a connection breaks.
		out.Body, out.ContentLength = http.MaxBytesReader(w, r.Body, maxBody), r.ContentLength
	}
	return out.WithContext(ctx)
}

// ask sends the request to an instance, and a read to the next when one refuses the connection. On success the instance must be given back.
func (g *Gateway) ask(ctx context.Context, way *route, out *http.Request) (*http.Response, *balance.Backend, error) {
	var tried []*balance.Backend
	for {
		by := way.pool.Pick(tried...)
		if by == nil {
			return nil, nil, errNoInstance
		}
		out.URL.Host = by.Address
		answer, err := g.transport.RoundTrip(out)
		if err == nil {
			return answer, by, nil
		}
		by.Done(balance.Outcome{Failed: true, Cut: ours(ctx, err)})
		if !unreachable(err) {
			return nil, nil, err //nolint:wrapcheck // refuse tells it apart
		}
		way.pool.Refused(by)
		if way.operation.Write() || ctx.Err() != nil {
			return nil, nil, err
		}
		tried = append(tried, by)
		out = again(out) // the transport may still look at the one it has failed with
	}
}

// ours says whether a request failed because of whoever sent it: the caller went away, or sent too much. That tells nothing about the
// instance.
func ours(ctx context.Context, err error) bool {
	var large *http.MaxBytesError
	return errors.Is(ctx.Err(), context.Canceled) || errors.As(err, &large)
}

func again(r *http.Request) *http.Request {
	fresh, to := *r, *r.URL
	fresh.URL = &to
	return &fresh
}

// pass copies an answer to the caller.
func (g *Gateway) pass(w http.ResponseWriter, answer *http.Response) {
	defer func() { _ = answer.Body.Close() }() // it was only read
	process.EndToEnd(answer.Header)
	h := w.Header()
	for name, values := range answer.Header {
		h[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	buffer, _ := g.buffers.Get().(*[]byte)
	defer g.buffers.Put(buffer)
	// Only the writer is shown: the server's own way of reading from a body writes a small answer in two packets, with a buffer of its own.
	if _, err := io.CopyBuffer(struct{ io.Writer }{w}, answer.Body, *buffer); err != nil {
		// Half an answer must not look like a whole one: the connection ends without the last chunk.
		panic(http.ErrAbortHandler)
	}
}
