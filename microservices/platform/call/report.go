package call

import (
	"sync/atomic"
	"time"
)

// A Report is what the admin door shows of a process's calls.
type Report struct {
	Service      string       `json:"service"`
	Dependencies []Dependency `json:"dependencies"` // one for each policy, in the order of their declaration
}

// A Dependency is a declared policy and what came of it.
type Dependency struct {
	To         string  `json:"to"`
	Why        string  `json:"why"`
	TimeoutMS  float64 `json:"timeout_ms"`
	Attempts   int     `json:"attempts_max"`
	Idempotent bool    `json:"idempotent"`
	Bulkhead   int     `json:"bulkhead"`
	HedgeMS    float64 `json:"hedge_ms"` // 0: never
	AsUser     bool    `json:"as_user"`
	Fallback   string  `json:"fallback"` // empty: the operation fails
	Counts
}

// Counts of the calls under one policy. The breaker is the service's: policies to the same service show the same one.
type Counts struct {
	Calls                int64  `json:"calls"`
	Failures             int64  `json:"failures"` // calls without an answer or with one of 500 and above; not what the caller gave up
	Attempts             int64  `json:"attempts"`
	Retries              int64  `json:"retries"`
	RetryBudgetExhausted int64  `json:"retry_budget_exhausted"`
	BreakerOpened        int64  `json:"breaker_opened"`
	BreakerState         string `json:"breaker_state"` // closed, open, half-open
	BulkheadFull         int64  `json:"bulkhead_full"`
	Hedges               int64  `json:"hedges"`
	HedgesWon            int64  `json:"hedges_won"`
	BudgetSpent          int64  `json:"budget_spent"`
	Timeouts             int64  `json:"timeouts"`
	Fallbacks            int64  `json:"fallbacks"`
}

// counts are kept while calls go on.
type counts struct {
	calls, failures, attempts, retries, exhausted, bulkheadFull, hedges, hedgesWon, budgetSpent, timeouts, fallbacks atomic.Int64
}

// Declared returns the policies, in the order of their declaration.
func (c *Caller) Declared() []Policy {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Policy, len(c.clients))
	for i, one := range c.clients {
		all[i] = one.Policy
	}
	return all
}

// Report returns what was declared and what came of it so far.
func (c *Caller) Report() Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := Report{Service: c.o.Service, Dependencies: make([]Dependency, len(c.clients))}
	for i, one := range c.clients {
		r.Dependencies[i] = one.report()
	}
	return r
}

func (c *client) report() Dependency {
	return Dependency{
		To: c.To, Why: c.Why, TimeoutMS: ms(c.Timeout), Attempts: max(c.Attempts, 1), Idempotent: c.Idempotent,
		Bulkhead: int(c.places()), HedgeMS: ms(c.Hedge), AsUser: c.AsUser, Fallback: c.Fallback,
		Counts: Counts{
			Calls: c.calls.Load(), Failures: c.failures.Load(), Attempts: c.attempts.Load(), Retries: c.retries.Load(),
			RetryBudgetExhausted: c.exhausted.Load(),
			BreakerOpened:        c.to.breaker.opened.Load(), BreakerState: c.to.breaker.circuit.State().String(),
			BulkheadFull: c.bulkheadFull.Load(), Hedges: c.hedges.Load(), HedgesWon: c.hedgesWon.Load(),
			BudgetSpent: c.budgetSpent.Load(), Timeouts: c.timeouts.Load(), Fallbacks: c.fallbacks.Load(),
		},
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
