package host

import (
	"context"
	"figlab/api/internalapi"
	"figlab/api/internalapi/callsapi"
	"figlab/microservices/platform/cache"
	"figlab/microservices/platform/call"
	"fmt"
	"strings"
)

// Cache shows the counts of a cache with the calls.
func (h *Host) Cache(stats func() cache.Stats) { h.cached = stats }

// report is the door that tells whom the process calls, and how that went.
type report struct{ *Host }

// ReadCalls reads the counts.
func (r report) ReadCalls(ctx context.Context, _ callsapi.ReadCallsRequestObject) (callsapi.ReadCallsResponseObject, error) {
	out := internalapi.CallReport{
		Service: r.service, Calls: []internalapi.CallCount{}, Paths: r.paths.all(),
		Shed: r.shed.Stats().Shed, Consumers: []internalapi.ConsumerCount{},
	}
	for _, d := range r.calls.Report().Dependencies {
		c := count(d)
		if set := r.watched[d.To]; set != nil {
			c.Instances = len(set.Instances())
		}
		out.Calls = append(out.Calls, c)
	}
	for _, c := range r.consumers {
		pending, err := r.bus.Pending(ctx, c.durable, c.subjects)
		if err != nil {
			pending = -1 // the broker is away: nobody can say
		}
		handled, duplicates := c.counts()
		out.Consumers = append(out.Consumers, internalapi.ConsumerCount{
			Consumer: c.durable, Handled: handled, Duplicates: duplicates, Pending: pending,
		})
	}
	if r.cached != nil {
		s := r.cached()
		out.Cache = &internalapi.CacheCount{Hits: s.Hits, Misses: s.Misses, Loads: s.Loads, Forgotten: s.Forgotten}
	}
	return callsapi.ReadCalls200JSONResponse(out), nil
}

func count(d call.Dependency) internalapi.CallCount {
	return internalapi.CallCount{
		To: d.To, Why: d.Why, Policy: spoken(d), Calls: d.Calls, Failures: d.Failures, Attempts: d.Counts.Attempts, Retries: d.Retries,
		RetryBudgetExhausted: d.RetryBudgetExhausted, BreakerState: d.BreakerState, BreakerOpened: d.BreakerOpened,
		BulkheadFull: d.BulkheadFull, Hedges: d.Hedges, HedgesWon: d.HedgesWon, BudgetSpent: d.BudgetSpent,
		Timeouts: d.Timeouts, Fallbacks: d.Fallbacks,
	}
}

// spoken is a policy in words.
func spoken(d call.Dependency) string {
	words := []string{fmt.Sprintf("within %.0f ms", d.TimeoutMS), fmt.Sprintf("at most %d at once", d.Bulkhead)}
	if d.Attempts > 1 {
		which := "of what may be repeated"
		if d.Idempotent {
			which = "of anything"
		}
		words = append(words, fmt.Sprintf("%d tries %s", d.Attempts, which))
	}
	if d.HedgeMS > 0 {
		words = append(words, fmt.Sprintf("a second try beside the first after %.0f ms", d.HedgeMS))
	}
	if d.AsUser {
		words = append(words, "as the shopper")
	}
	if d.Fallback != "" {
		words = append(words, "else "+d.Fallback)
	}
	return strings.Join(words, ", ")
}
