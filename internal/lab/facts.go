package lab

import (
	"context"
	"figlab/internal/history"
	"figlab/internal/process"
	"figlab/internal/topology"
	"net/http"
	"time"
)

// facts reads the stores: the audit doors of the houses, merged, and the ledgers of the partners.
func (s *shop) facts(ctx context.Context) (f history.Facts, err error) {
	for _, p := range s.at.Processes {
		if p.Role != topology.Monolith && s.at.WritesAt[p.Role] != topology.Service {
			continue
		}
		var own history.Facts
		if err := s.doors.call(ctx, http.MethodGet, "http://"+s.ground.admin[p.Name]+"/audit", nil, &own); err != nil {
			return f, err
		}
		if p.Name != s.at.Instances(p.Role)[0] { // replicas share their rows; what each has still to do is its own
			own = history.Facts{Work: own.Work}
		}
		f = merged(f, own)
	}
	for url, out := range map[string]any{
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

// merged adds what one process holds to what others hold.
func merged(f, own history.Facts) history.Facts {
	f.Stock = append(f.Stock, own.Stock...)
	f.StockMoves = append(f.StockMoves, own.StockMoves...)
	f.Orders = append(f.Orders, own.Orders...)
	f.Payments = append(f.Payments, own.Payments...)
	f.Ledger = append(f.Ledger, own.Ledger...)
	f.Shipments = append(f.Shipments, own.Shipments...)
	f.Notifications = append(f.Notifications, own.Notifications...)
	f.Users = append(f.Users, own.Users...)
	f.Work.OutboxUnpublished += own.Work.OutboxUnpublished
	f.Work.EventsUnconsumed += own.Work.EventsUnconsumed
	f.Work.OrdersPending += own.Work.OrdersPending
	f.Work.PaymentsInitiated += own.Work.PaymentsInitiated
	f.Work.ShipmentsPending += own.Work.ShipmentsPending
	return f
}

// rest waits until the shop has nothing left to do, and returns the facts it then holds. A shop that does not come to rest within the
// bound is a finding, not an error: the facts say what is left. It is looked at twice: a message that has just been published may not be
// counted yet by the consumer that will have it.
func (s *shop) rest(ctx context.Context, bound time.Duration) (history.Facts, error) {
	deadline := time.Now().Add(bound)
	for quiet := 0; ; {
		f, err := s.facts(ctx)
		if quiet++; err != nil || !f.Work.AtRest() {
			quiet = 0
		}
		if quiet == 2 || time.Now().After(deadline) {
			return f, err
		}
		if err := process.Pause(ctx, 200*time.Millisecond); err != nil {
			return f, err
		}
	}
}
