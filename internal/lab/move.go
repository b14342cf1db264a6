package lab

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"figlab/internal/history"
)

// routes is what the strangler's admin door says of its route table.
type routes struct {
	Version      int64 `json:"version"`
	Capabilities []struct {
		Capability string `json:"capability"`
		Weight     int    `json:"weight"`
	} `json:"capabilities"`
}

// feedState is what the strangler's admin door says of a feed.
type feedState struct {
	Capability string `json:"capability"`
	Rows       int64  `json:"rows"`
	Backfilled bool   `json:"backfilled"`
	Lag        int64  `json:"lag"`
	Error      string `json:"error"`
}

// A mover shifts the reads of capabilities, step by step, through the strangler's admin door.
type mover struct {
	doors doors
	admin string // host:port of the strangler's admin door
}

// steps are the shares of the users that are moved, in 1/10000, with a look in between.
func steps() []int { return []int{100, 2500, 10_000} }

// move brings the reads of a capability to its service: ready waits for its data, then the weight rises.
func (m mover) move(ctx context.Context, capability string, ready func(context.Context) (rows int64, err error)) (history.Move, error) {
	start := time.Now()
	out := history.Move{Capability: capability, From: "monolith", To: "service", What: "reads", Steps: steps(), Rollback: "weight 0"}
	rows, err := ready(ctx)
	if err != nil {
		return out, fmt.Errorf("move %s: its data: %w", capability, err)
	}
	out.Rows, out.CatchUpMS = rows, float64(time.Since(start).Microseconds())/1000
	for _, w := range steps() {
		if err := m.weigh(ctx, capability, w); err != nil {
			return out, fmt.Errorf("move %s to %d/10000: %w", capability, w, err)
		}
		if err := pause(ctx, time.Second); err != nil {
			return out, err
		}
	}
	return out, nil
}

// weigh sets a weight by compare-and-set on the table's version, so that two who move at once do not undo each other.
func (m mover) weigh(ctx context.Context, capability string, weight int) error {
	var table routes
	if err := m.doors.call(ctx, http.MethodGet, "http://"+m.admin+"/routes", nil, &table); err != nil {
		return err
	}
	change := struct {
		Weight          int   `json:"weight"`
		ExpectedVersion int64 `json:"expected_version"`
	}{weight, table.Version}
	return m.doors.call(ctx, http.MethodPut, "http://"+m.admin+"/routes/"+capability, change, nil)
}

// fed waits until the strangler's feed has copied a capability once and follows it.
func (m mover) fed(ctx context.Context, capability string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for {
		var states []feedState
		if err := m.doors.call(ctx, http.MethodGet, "http://"+m.admin+"/feed", nil, &states); err != nil {
			return 0, err
		}
		for _, s := range states {
			if s.Capability == capability && s.Backfilled && s.Lag == 0 {
				return s.Rows, nil
			}
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return 0, fmt.Errorf("the feed did not catch up: %v: %w", states, err)
		}
	}
}
