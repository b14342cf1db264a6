package route

import (
	"figlab/api/contract"
	"figlab/api/problem"
	"figlab/strangler/platform/plan"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
)

// Header with which a caller chooses the house himself: monolith or service.
const Header = "X-Route-To"

// A House can answer.
type House int

// The houses.
const (
	Monolith House = iota
	Service
)

func (h House) String() string { return [...]string{"monolith", "service"}[h] }

// Errors of a change.
var (
	ErrUnplanned = &problem.Error{Kind: "not-found", Code: "no-shift", Detail: "no plan shifts this capability"}
	ErrWeight    = &problem.Error{Kind: "invalid", Code: "weight", Detail: "a weight is a share in 1/10000, from 0 to 10000"}
	ErrStale     = &problem.Error{Kind: "stale", Code: "stale", Detail: "the table has changed since: read it again"}
)

// A Way is what was decided for a request.
type Way struct {
	Operation *Operation // nil when the contract has none at this path: the monolith says so
	House     House
}

// An Operation of the contract with what is counted of it.
type Operation struct {
	contract.Operation
	Shift *plan.Shift // nil when it stays with the monolith

	answered [2]atomic.Int64 // by house
	degraded atomic.Int64    // of those of the monolith: in place of the service
	failed   atomic.Int64    // nobody answered
}

// Answered counts an answer; fallback says that the service should have given it.
func (o *Operation) Answered(by House, fallback bool) {
	o.answered[by].Add(1)
	if fallback {
		o.degraded.Add(1)
	}
}

// Failed counts a request that got no answer from any house.
func (o *Operation) Failed() { o.failed.Add(1) }

// A Count says who answered an operation since the process started.
type Count struct {
	Operation, Capability               string
	Monolith, Service, Degraded, Failed int64
}

// A Router holds the table in use.
type Router struct {
	operations []*Operation
	match      matcher
	shifts     map[string]plan.Shift
	file       file
	table      atomic.Pointer[Table]
	changes    sync.Mutex // one change at a time, from reading the old table to having saved the new one
}

// New returns a router for the plans, with the table that was last saved in dir.
func New(plans []plan.Plan, dir string) (*Router, error) {
	operations, err := contract.Operations()
	if err != nil {
		return nil, err
	}
	if err := plan.Cover(plans, operations); err != nil {
		return nil, err
	}
	r := &Router{shifts: map[string]plan.Shift{}, file: file(filepath.Join(dir, "routes.json"))}
	shifted := map[string]*plan.Shift{} // operationId → shift
	for _, p := range plans {
		if p.Shift == nil {
			continue
		}
		r.shifts[p.Capability] = *p.Shift
		for _, id := range p.Reads {
			shifted[id] = p.Shift
		}
	}
	for _, o := range operations {
		r.operations = append(r.operations, &Operation{Operation: o, Shift: shifted[o.ID]})
	}
	r.match = newMatcher(r.operations)
	table, err := r.file.load()
	if err == nil {
		err = table.check(r.shifts)
	}
	if err != nil {
		return nil, err
	}
	r.table.Store(&table)
	return r, nil
}

// Capabilities returns those that a plan shifts.
func (r *Router) Capabilities() []string { return slices.Sorted(maps.Keys(r.shifts)) }

// Table returns the table in use. The caller must not change it.
func (r *Router) Table() Table { return *r.table.Load() }

// Way decides for a request.
func (r *Router) Way(req *http.Request) Way {
	o := r.match.find(req.Method, req.URL.Path)
	if o == nil || o.Shift == nil {
		return Way{Operation: o}
	}
	switch req.Header.Get(Header) {
	case Service.String():
		return Way{o, Service}
	case Monolith.String():
		return Way{o, Monolith}
	}
	switch weight := r.table.Load().Weights[o.Capability]; {
	case weight <= 0:
		return Way{o, Monolith}
	case weight >= plan.Whole || cohort(o.Capability, userOf(req)) < weight:
		return Way{o, Service}
	}
	return Way{o, Monolith}
}

// Shift changes the weight of a capability if the table still is the one of that version, and returns the table now in use. It is saved
// before it is used: what a request has seen survives a crash.
func (r *Router) Shift(capability string, weight int, version int64) (Table, error) {
	r.changes.Lock()
	defer r.changes.Unlock()
	now := r.Table()
	if now.Version != version {
		return now, fmt.Errorf("shift %s: the version is %d, not %d: %w", capability, now.Version, version, ErrStale)
	}
	next := now.with(capability, weight)
	if err := next.check(r.shifts); err != nil {
		return now, fmt.Errorf("shift %s: %w", capability, err)
	}
	if err := r.file.save(next); err != nil {
		return now, fmt.Errorf("shift %s: %w", capability, err)
	}
	r.table.Store(&next)
	return next, nil
}

// Counts returns who answered what, in the order of the contract.
func (r *Router) Counts() []Count {
	counts := make([]Count, len(r.operations))
	for i, o := range r.operations {
		counts[i] = Count{
			Operation: o.ID, Capability: o.Capability,
			Monolith: o.answered[Monolith].Load(), Service: o.answered[Service].Load(),
			Degraded: o.degraded.Load(), Failed: o.failed.Load(),
		}
	}
	return counts
}
