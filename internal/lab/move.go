package lab

import (
	"context"
	"figlab/api/internalapi"
	"figlab/internal/history"
	"figlab/internal/process"
	"figlab/internal/topology"
	"fmt"
	"net/http"
	"time"
)

// dwell is how long each share is looked at before the next.
const dwell = time.Second

// move brings the reads of every capability that this stage serves elsewhere to its service: its data first, then the weight, share by
// share, while the shoppers go on.
func (s *shop) move(ctx context.Context) (moves []history.Move, err error) {
	if !s.at.Has(topology.Strangler) {
		return nil, nil
	}
	table, err := s.routes(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range table.Routes {
		if s.at.ReadsAt[r.Capability] != topology.Service || r.Weight == r.Steps[len(r.Steps)-1] {
			continue
		}
		m, err := s.shift(ctx, r)
		if err != nil {
			return moves, fmt.Errorf("move %s: %w", r.Capability, err)
		}
		moves = append(moves, m)
	}
	return moves, nil
}

func (s *shop) routes(ctx context.Context) (table internalapi.RouteTable, err error) {
	err = s.doors.call(ctx, http.MethodGet, s.strangler("/routes"), nil, &table)
	return table, err
}

func (s *shop) strangler(path string) string {
	return "http://" + s.ground.admin[topology.Strangler] + path
}

// shift moves one capability.
func (s *shop) shift(ctx context.Context, r internalapi.Route) (history.Move, error) {
	start := time.Now()
	m := history.Move{
		Capability: r.Capability, From: topology.Monolith, To: topology.Service, What: "reads", Steps: r.Steps,
		Rollback: "not tried: weight 0 sends the reads back to the monolith, which holds every row",
	}
	var err error
	if m.Rows, err = s.fed(ctx, r.Capability); err != nil {
		return m, fmt.Errorf("its data: %w", err)
	}
	m.CatchUpMS = milliseconds(time.Since(start))
	for _, weight := range r.Steps {
		if err := s.weigh(ctx, r.Capability, weight); err != nil {
			return m, fmt.Errorf("to %d/10000: %w", weight, err)
		}
		if err := process.Pause(ctx, dwell); err != nil {
			return m, err
		}
	}
	return m, nil
}

// weigh sets a weight by compare-and-set on the table's version, so that two who move at once do not undo each other.
func (s *shop) weigh(ctx context.Context, capability string, weight int) error {
	table, err := s.routes(ctx)
	if err != nil {
		return err
	}
	change := internalapi.RouteChange{Weight: weight, ExpectedVersion: table.Version}
	return s.doors.call(ctx, http.MethodPut, s.strangler("/routes/"+capability), change, nil)
}

// fed waits until a capability's service holds all rows and follows every change, and returns how many rows that are.
func (s *shop) fed(ctx context.Context, capability string) (int64, error) {
	for {
		rows, last, err := s.caughtUp(ctx, capability)
		if err == nil && last == "" {
			return rows, nil
		}
		if wait := process.Pause(ctx, 50*time.Millisecond); wait != nil {
			return 0, fmt.Errorf("it has not caught up (%s): %w", last, wait)
		}
	}
}

// caughtUp asks the feed where there is one, and the service itself where it feeds itself. missing says what is still to come.
func (s *shop) caughtUp(ctx context.Context, capability string) (rows int64, missing string, err error) {
	var all internalapi.Feeds
	if err := s.doors.call(ctx, http.MethodGet, s.strangler("/feeds"), nil, &all); err != nil {
		return 0, err.Error(), err
	}
	for _, f := range all.Feeds {
		if f.Capability == capability {
			if f.Backfilled && f.Lag == 0 && f.Error == nil {
				return f.Rows, "", nil
			}
			return f.Rows, fmt.Sprintf("backfilled %v, %d changes behind", f.Backfilled, f.Lag), nil
		}
	}
	var at internalapi.FeedCheckpoint
	url := "http://" + s.ground.admin[capability+"-1"] + "/feed/" + capability + "/checkpoint"
	if err := s.doors.call(ctx, http.MethodGet, url, nil, &at); err != nil {
		return 0, err.Error(), err
	}
	switch {
	case !at.Backfilled:
		return 0, "it still reads the catalog", nil
	case at.Pending == nil:
		return 0, "it cannot say how far behind it is", nil
	case *at.Pending > 0:
		return 0, fmt.Sprintf("%d changes behind", *at.Pending), nil
	}
	return value(at.Rows), "", nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func value(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}
