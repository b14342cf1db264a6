// Package wire is what the lab and the load generator say to one another: a plan as a file, and records as lines of JSON on a pipe with a
// summary as the last line.
package wire

import (
	"encoding/json"
	"figlab/internal/history"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// The files of a load, all in one folder.
const (
	PlanFile   = "plan.json"
	ScriptFile = "load.js"
	OptionFile = "k6.json" // an empty object: k6 must not read the user's own
	LogFile    = "figload.log"
)

// Pipe is the file descriptor on which the generator writes its lines.
const Pipe = 3

// A Plan is what to send, worked out to the end: the generator decides nothing about it any more.
type Plan struct {
	URL      string        `json:"url"`
	Mix      string        `json:"mix"`
	Every    time.Duration `json:"every_ns"` // between two arrivals
	Duration time.Duration `json:"duration_ns"`
	Timeout  time.Duration `json:"timeout_ns"` // of one request
	VUs      int           `json:"vus"`        // requests that may be under way at once
	Regulars int           `json:"regulars"`   // shoppers who are signed in from the start
	Seed     uint64        `json:"seed"`
	Products int           `json:"products"`
	Users    int           `json:"users"`
	Stage    string        `json:"stage"`
	Clients  string        `json:"clients"`
	Epoch    time.Time     `json:"epoch"`
}

// Save writes the plan into dir.
func (p Plan) Save(dir string) error {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("write plan: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, PlanFile), append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("write plan: %w", err)
	}
	return nil
}

// Load reads the plan in dir.
func Load(dir string) (p Plan, err error) {
	b, err := os.ReadFile(filepath.Join(dir, PlanFile))
	if err != nil {
		return p, fmt.Errorf("read plan: %w", err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fmt.Errorf("read plan: %w", err)
	}
	return p, nil
}

// A Line is a record, or the summary, which is the last one. Without a summary the generator did not come to its end.
type Line struct {
	history.Record
	Summary *Summary `json:"summary,omitempty"`
}

// A Summary is what the generator says about itself.
type Summary struct {
	Records  int64         `json:"records"`   // lines before this one
	Arrivals int64         `json:"arrivals"`  // that were due, sent or dropped
	Dropped  int64         `json:"dropped"`   // due, but no virtual user was free
	MaxVUs   int           `json:"max_vus"`   // busy at the same time
	Late99   time.Duration `json:"late99_ns"` // 99th percentile of the time from due to sent
	Error    string        `json:"error,omitempty"`
}
