package gateway

import (
	"figlab/api/contract"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// routes finds what answers a request by path and method. Fixed paths are looked up; the few with a variable in them are compared one by
// one.
type routes struct {
	fixed     map[string]*place
	templates []template
}

// A place is a path of the contract.
type place struct {
	ways  map[string]*way // by method
	allow string          // the methods
}

type template struct {
	segments []string // "" matches any one segment that is not empty
	place    *place
}

// A way is an operation with the service that does it, and how it is answered.
type way struct {
	contract.Operation
	service http.RoundTripper
	answer  func(w http.ResponseWriter, r *http.Request, way *way) error
}

// newRoutes takes all operations of the contract.
func newRoutes(to func(contract.Operation) *way) (routes, error) {
	r := routes{fixed: map[string]*place{}}
	all, err := contract.Operations()
	if err != nil {
		return r, fmt.Errorf("gateway: %w", err)
	}
	places := map[string]*place{}
	for _, o := range all { // ordered by path and method
		p, known := places[o.Path]
		if !known {
			p = &place{ways: map[string]*way{}, allow: o.Method}
			places[o.Path] = p
			r.add(o.Path, p)
		} else {
			p.allow += ", " + o.Method
		}
		p.ways[o.Method] = to(o)
	}
	// Where two templates match, the one with its fixed segments further in front is meant.
	slices.SortStableFunc(r.templates, func(a, b template) int {
		return slices.IndexFunc(b.segments, empty) - slices.IndexFunc(a.segments, empty)
	})
	return r, nil
}

func empty(s string) bool { return s == "" }

func (r *routes) add(path string, p *place) {
	if !strings.Contains(path, "{") {
		r.fixed[path] = p
		return
	}
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = ""
		}
	}
	r.templates = append(r.templates, template{segments, p})
}

// find returns what answers, or the methods that the path has instead; neither when the contract has no such path.
func (r *routes) find(method, path string) (found *way, allow string) {
	p := r.fixed[path]
	for i := 0; p == nil && i < len(r.templates); i++ {
		if r.templates[i].fits(path) {
			p = r.templates[i].place
		}
	}
	if p == nil {
		return nil, ""
	}
	return p.ways[method], p.allow
}

func (t *template) fits(path string) bool {
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
