package gateway

import (
	"figlab/api/contract"
	"fmt"
	"slices"
	"strings"
)

// routes finds the service of a request by method and path. Fixed paths are looked up; the few with a variable in them are compared one by
// one.
type routes struct {
	fixed     map[string]*route // method, space, path
	templates []template
}

type template struct {
	method   string
	segments []string // "" matches any one segment that is not empty
	route    *route
}

// A route is an operation with the service that answers it.
type route struct {
	operation contract.Operation
	pool      pool
}

// newRoutes takes the operations of the contract whose capability has a pool.
func newRoutes(pools map[string]pool) (routes, error) {
	r := routes{fixed: map[string]*route{}}
	all, err := contract.Operations()
	if err != nil {
		return r, fmt.Errorf("gateway: %w", err)
	}
	for _, o := range all {
		p, ok := pools[o.Capability]
		if !ok {
			continue
		}
		way := &route{operation: o, pool: p}
		if !strings.Contains(o.Path, "{") {
			r.fixed[o.Method+" "+o.Path] = way
			continue
		}
		segments := strings.Split(o.Path[1:], "/")
		for i, s := range segments {
			if strings.HasPrefix(s, "{") {
				segments[i] = ""
			}
		}
		r.templates = append(r.templates, template{o.Method, segments, way})
	}
	// Where two templates match, the one with its fixed segments further in front is meant.
	slices.SortStableFunc(r.templates, func(a, b template) int {
		return slices.IndexFunc(b.segments, empty) - slices.IndexFunc(a.segments, empty)
	})
	return r, nil
}

func empty(s string) bool { return s == "" }

// find returns nil when no service answers there.
func (r routes) find(method, path string) *route {
	if way, ok := r.fixed[method+" "+path]; ok {
		return way
	}
	for _, t := range r.templates {
		if t.method == method && t.fits(path) {
			return t.route
		}
	}
	return nil
}

func (t template) fits(path string) bool {
	path, more := strings.CutPrefix(path, "/")
	for _, want := range t.segments {
		var got string
		if !more {
			return false
		}
		got, path, more = strings.Cut(path, "/")
		if got == "" || want != "" && got != want {
			return false
		}
	}
	return !more
}
