package lab

import (
	"context"
	"figlab/internal/history"
	"figlab/internal/process"
	"figlab/internal/topology"
	"net/http"
	"time"
)

// facts reads the stores: the monolith's audit door and the ledgers of the partners.
func (s *shop) facts(ctx context.Context) (f history.Facts, err error) {
	for url, out := range map[string]any{
		"http://" + s.ground.admin[topology.Monolith] + "/audit":            &f,
		"http://" + s.ground.public[topology.Provider] + "/provider/ledger": &f.Provider,
		"http://" + s.ground.public[topology.Carrier] + "/carrier/ledger":   &f.Carrier,
	} {
		if err := s.doors.call(ctx, http.MethodGet, url, nil, out); err != nil {
			return f, err
		}
	}
	if !s.at.Has(topology.Broker) {
		f.Work.OutboxUnpublished = 0 // there is nobody yet to publish to
	}
	return f, nil
}

// rest waits until the shop has nothing left to do, and returns the facts it then holds. A shop that does not come to rest within the
// bound is a finding, not an error: the facts say what is left.
func (s *shop) rest(ctx context.Context, bound time.Duration) (history.Facts, error) {
	deadline := time.Now().Add(bound)
	for {
		f, err := s.facts(ctx)
		if err == nil && f.Work.AtRest() || time.Now().After(deadline) {
			return f, err
		}
		if err := process.Pause(ctx, 200*time.Millisecond); err != nil {
			return f, err
		}
	}
}
