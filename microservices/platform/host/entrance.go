package host

import (
	"context"
	"figlab/api/contract"
	"figlab/api/problem"
	"figlab/microservices/platform/call"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// answerKey is where the header of the answer is found.
type answerKey struct{}

// Degrade marks the answer to the request of ctx: what names the part of it that is second best. Call it before anything is answered.
func Degrade(ctx context.Context, what string) {
	if h, ok := ctx.Value(answerKey{}).(http.Header); ok {
		h.Set(contract.Degraded, what)
	}
}

// longest is what a request may take whatever its caller allows.
const longest = 10 * time.Second

// entrance is what every request to the public door passes: is there time and room for it, did it come here in a circle, which door does
// it want.
func (h *Host) entrance() http.Handler {
	inner := h.shed.Wrap(http.HandlerFunc(h.enter))
	if !h.outside {
		return inner
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range [...]string{call.PathHeader, call.BudgetHeader, call.IdentityHeader} {
			r.Header.Del(name)
		}
		inner.ServeHTTP(w, r)
	})
}

// enter leads a request to its door.
func (h *Host) enter(w http.ResponseWriter, r *http.Request) {
	if h.draining.Load() {
		w.Header().Set("Connection", "close") // the next request shall find another instance
	}
	path := r.Header.Get(call.PathHeader)
	if circular(path, h.service) {
		h.refuseCircle(w, r, path)
		return
	}
	h.paths.note(path)
	ctx, cancel := context.WithTimeout(r.Context(), budget(r))
	defer cancel()
	ctx = call.WithPath(ctx, path)
	ctx = call.WithRequest(ctx, r.Header.Get(contract.RequestID))
	r = r.WithContext(context.WithValue(ctx, answerKey{}, w.Header()))
	if h.doors.inside != nil && strings.HasPrefix(r.URL.Path, "/internal/") {
		h.doors.inside.ServeHTTP(w, r)
		return
	}
	h.doors.public.ServeHTTP(w, r)
}

// budget is the time the caller still has: nobody works for somebody who has given up.
func budget(r *http.Request) time.Duration {
	left, ok := call.Budget(r.Header)
	if !ok {
		return longest
	}
	return min(left, longest)
}

// pathSeparator stands between the services that a request has passed.
const pathSeparator = ">"

// circular says whether a request has been here on its way.
func circular(path, service string) bool {
	return path != "" && slices.Contains(strings.Split(path, pathSeparator), service)
}

var errCircle = &problem.Error{Kind: "internal", Code: "call-circle", Detail: "services call each other in a circle"}

func (h *Host) refuseCircle(w http.ResponseWriter, r *http.Request, path string) {
	h.deps.Log.ErrorContext(r.Context(), "calls in a circle", "path", path, "method", r.Method, "route", r.URL.Path)
	d := problem.From(errCircle)
	d.RequestID = r.Header.Get(contract.RequestID)
	w.Header().Set(contract.NotExecuted, "1")
	_ = problem.Write(w, d) // the caller went away: nobody is left to tell
}

// paths remembers by which ways requests came. There are few: the call graph is small.
type paths struct {
	mu   sync.RWMutex
	seen map[string]bool
}

const mostPaths = 200

func (p *paths) note(path string) {
	if path == "" {
		return
	}
	p.mu.RLock()
	known := p.seen[path]
	p.mu.RUnlock()
	if known {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	if len(p.seen) < mostPaths {
		p.seen[path] = true
	}
}

func (p *paths) all() []string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make([]string, 0, len(p.seen))
	for path := range p.seen {
		out = append(out, path)
	}
	slices.Sort(out)
	return out
}
