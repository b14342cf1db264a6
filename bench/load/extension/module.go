package extension

import (
	"figlab/bench/load/shopper"
	"figlab/bench/load/wire"
	"figlab/internal/history"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/js/common"
	"go.k6.io/k6/js/modules"
	"go.k6.io/k6/lib"
)

// setupWithin bounds the signing in of the regulars.
const setupWithin = 60 * time.Second

// A load is what all virtual users of this process share.
type load struct {
	plan  wire.Plan
	base  time.Time // the clock of all records runs from here on, monotonic
	lead  int64     // nanoseconds from the plan's epoch to base
	crowd *shopper.Crowd
	out   *writer

	busy, mostBusy atomic.Int64
}

func newLoad(p wire.Plan, base time.Time, out *writer) *load {
	l := &load{plan: p, base: base, lead: base.Sub(p.Epoch).Nanoseconds(), out: out}
	l.crowd = shopper.NewCrowd(shopper.Config{
		URL: p.URL, Stage: p.Stage, Clients: p.Clients, Seed: p.Seed, Products: p.Products, Users: p.Users,
		Regulars: p.Regulars, Most: min(p.Users, p.VUs), Timeout: p.Timeout,
		Clock: func() int64 { return l.at(time.Now()) },
	})
	return l
}

// at returns the instant on the records' clock.
func (l *load) at(t time.Time) int64 { return l.lead + t.Sub(l.base).Nanoseconds() }

// NewModuleInstance gives a virtual user its module.
func (l *load) NewModuleInstance(vu modules.VU) modules.Instance { return &instance{load: l, vu: vu} }

type instance struct {
	load *load
	vu   modules.VU
}

// Exports is what a script can import.
func (i *instance) Exports() modules.Exports {
	p := i.load.plan
	return modules.Exports{Named: map[string]any{
		"plan": map[string]any{
			"mix": p.Mix, "every": p.Every.String(), "duration": p.Duration.String(), "vus": p.VUs,
			"grace": (p.Timeout + time.Second).String(), "setup": setupWithin.String(),
		},
		"signIn": i.signIn,
		"turn":   i.turn,
	}}
}

// signIn signs the regulars in, before the schedule begins.
func (i *instance) signIn() {
	state := i.vu.State()
	i.load.crowd.SignIn(i.vu.Context(), func(rec history.Record) {
		state.Samples <- &observation{record: rec}
	})
}

// turn lets the next shopper do what choose names.
//
// The observation goes through k6's own channel of samples and not past it: dropped arrivals travel there too, so that the output, which
// reads both in the order they happened, knows how many arrivals were dropped before this one began.
func (i *instance) turn(choose sobek.Callable) {
	began := i.load.at(time.Now())
	l, state, scenario := i.load, i.vu.State(), lib.GetScenarioState(i.vu.Context())
	if state == nil || scenario == nil {
		common.Throw(i.vu.Runtime(), fmt.Errorf("turn outside of a scenario"))
	}
	l.enter()
	defer l.busy.Add(-1)
	o := &observation{
		number: int64(state.GetScenarioGlobalVUIter()), //nolint:gosec // a count of iterations
		start:  l.at(scenario.StartTime), began: began, arrival: true,
	}
	rec, err := l.crowd.Turn(i.vu.Context(), began, func(s *shopper.Shopper) (string, error) {
		op, err := choose(sobek.Undefined(), i.vu.Runtime().ToValue(s))
		if err != nil {
			return "", err
		}
		return op.String(), nil
	})
	if err != nil {
		if i.vu.Context().Err() == nil { // else it was stopped while it waited for its turn
			l.out.fail(err)
		}
		common.Throw(i.vu.Runtime(), err)
	}
	o.record = rec
	state.Samples <- o
}

// enter counts a virtual user as busy.
func (l *load) enter() {
	now := l.busy.Add(1)
	for {
		most := l.mostBusy.Load()
		if now <= most || l.mostBusy.CompareAndSwap(most, now) {
			return
		}
	}
}
