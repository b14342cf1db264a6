package gateway

import (
	"errors"
	"figlab/api/contract"
	"figlab/internal/process"
	"figlab/microservices/platform/call"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/limit"
	"net/http"
	"net/url"
	"sync"
)

const (
	service     = "gateway"
	bufferBytes = 32 << 10
)

// Config of a gateway.
//
// Where it Owns, the house stands alone and the gateway gives second best answers itself. Else it stands behind somebody who has better
// ones, and has to hear that a service does not answer.
type Config struct {
	host.Config
	ClientRate float64 // requests per second that one client may ask in the long run; 0: any
}

// A Gateway is the public door of the house.
type Gateway struct {
	routes  routes
	calls   calls
	verify  contract.Verifier
	limit   *limit.Limiter
	page    parts
	found   *http.Client // the catalog in place of the search
	buffers sync.Pool
	deps    process.Deps
	alone   bool // nobody stands before it who could answer in place of a service
}

// calls is how the gateway reaches the services.
type calls interface {
	Client(p call.Policy) *http.Client
	FellBack(to string)
}

// New binds the addresses of a gateway. It is ready at once: services may come later.
func New(cfg Config, deps process.Deps) (*host.Host, error) {
	h, err := host.New(service, cfg.Config, deps)
	if err != nil {
		return nil, err
	}
	g, err := build(h.Calls(), h.Verifier(), cfg, deps)
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	h.Front(g)
	h.Serve()
	return h, nil
}

func build(c calls, verify contract.Verifier, cfg Config, deps process.Deps) (g *Gateway, err error) {
	g = &Gateway{
		calls: c, verify: verify, deps: deps, alone: cfg.Owns,
		limit: limit.New(limit.Options{PerSecond: cfg.ClientRate, Burst: int(2 * cfg.ClientRate), Now: deps.Now}),
	}
	g.buffers.New = func() any { b := make([]byte, bufferBytes); return &b }
	if g.routes, err = newRoutes(g.way); err != nil {
		return nil, err
	}
	g.found = c.Client(finding())
	g.page, err = newParts(c)
	return g, err
}

// way is an operation with what answers it.
func (g *Gateway) way(o contract.Operation) *way {
	w := &way{Operation: o, service: g.calls.Client(asking(o)).Transport, answer: g.forward}
	if !g.alone {
		return w
	}
	switch o.ID {
	case "getRecommendations":
		w.answer = g.recommend
	case "searchProducts":
		w.answer = g.search
	case "getProductView":
		w.answer = g.view
	}
	return w
}

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r, caller := g.receive(r)
	way, allow := g.routes.find(r.Method, asWritten(r.URL))
	var err error = errNoRoute
	switch {
	case way != nil:
		err = g.serve(w, r, way, caller)
	case allow != "":
		w.Header().Set("Allow", allow)
		err = errMethod
	}
	if err != nil {
		g.refuse(w, r, err)
	}
}

// serve answers a request for an operation. An error is told to the caller; without one it was answered.
func (g *Gateway) serve(w http.ResponseWriter, r *http.Request, way *way, caller string) error {
	if err := g.admit(r, way.Operation, caller); err != nil {
		return err
	}
	if err := keepBody(r, way.Body); err != nil {
		return err
	}
	return way.answer(w, r, way)
}

// asWritten is the path as the caller wrote it: a slash that was escaped parts nothing. The services' routers see it the same way.
func asWritten(u *url.URL) string {
	if u.RawPath != "" {
		return u.RawPath
	}
	return u.Path
}
