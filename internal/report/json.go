package report

import (
	"encoding/json"
	"figlab/internal/history"
	"fmt"
	"io"
	"os"
	"time"
)

// ReadRun reads a run.json back. A file of another schema version is refused: its fields may mean something else.
func ReadRun(path string) (history.Run, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return history.Run{}, fmt.Errorf("read run: %w", err)
	}
	var head struct {
		Version *int `json:"schema_version"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return history.Run{}, fmt.Errorf("read run %s: %w", path, err)
	}
	if head.Version == nil {
		return history.Run{}, fmt.Errorf("read run %s: no schema_version: this is not a run.json of figlab", path)
	}
	if *head.Version != history.SchemaVersion {
		return history.Run{}, fmt.Errorf("read run %s: it has schema version %d, this figlab reads version %d",
			path, *head.Version, history.SchemaVersion)
	}
	var r history.Run
	if err := json.Unmarshal(b, &r); err != nil {
		return history.Run{}, fmt.Errorf("read run %s: %w", path, err)
	}
	return r, nil
}

// runJSON writes run.json. A number that is none (NaN, Inf) is refused: JSON has no word for it, and 0 would be a lie.
func runJSON(w io.Writer, r history.Run) error { return indented(w, r) }

func indented(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// filled is the run as it is written: stamped with the version of this schema, and with empty lists instead of none, so that a reader in
// any language may loop over each of them. The caller's run is not changed.
func filled(r history.Run) history.Run {
	r.SchemaVersion = history.SchemaVersion
	r.Started = r.Started.UTC()
	r.Reasons = list(r.Reasons)
	r.Comparison = list(r.Comparison)
	r.Bill = list(r.Bill)
	r.Stages = list(r.Stages)
	for i, s := range r.Stages {
		s.ServedBy, s.Operations = object(s.ServedBy), object(s.Operations)
		s.Oracles, s.Processes = list(s.Oracles), list(s.Processes)
		s.Faults = list(s.Faults)
		for j, f := range s.Faults {
			s.Faults[j].Evidence = object(f.Evidence)
		}
		r.Stages[i] = s
	}
	r.Moves = list(r.Moves)
	for i, m := range r.Moves {
		r.Moves[i].Steps = list(m.Steps)
	}
	return r
}

// list copies a slice; the copy is never nil.
func list[T any](s []T) []T { return append([]T{}, s...) }

func object[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// A Verdict is what verdict.json holds: the run in a few lines, for scripts that only ask whether it passed.
type Verdict struct {
	SchemaVersion int            `json:"schema_version"`
	Name          string         `json:"name"`
	Started       time.Time      `json:"started"`
	Seed          uint64         `json:"seed"`
	Commit        string         `json:"commit"`
	Command       string         `json:"command"`
	Verdict       string         `json:"verdict"`
	Reasons       []string       `json:"reasons"`
	Stages        []StageVerdict `json:"stages"`
}

// A StageVerdict counts the verdicts given at one stage.
type StageVerdict struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Verdict   string         `json:"verdict"`
	LoadValid bool           `json:"load_valid"`
	Faults    map[string]int `json:"faults"`  // verdict → number of faults
	Oracles   map[string]int `json:"oracles"` // verdict → number of checks
}

func verdictJSON(w io.Writer, r history.Run) error {
	v := Verdict{
		SchemaVersion: r.SchemaVersion, Name: r.Name, Started: r.Started, Seed: r.Seed, Commit: r.Commit, Command: r.Command,
		Verdict: r.Verdict, Reasons: r.Reasons, Stages: []StageVerdict{},
	}
	for _, s := range r.Stages {
		sv := StageVerdict{ID: s.ID, Name: s.Name, Verdict: s.Verdict, LoadValid: s.Load.Valid}
		sv.Faults, sv.Oracles = map[string]int{}, map[string]int{}
		for _, f := range s.Faults {
			sv.Faults[known(f.Verdict)]++
		}
		for _, o := range s.Oracles {
			sv.Oracles[known(o.Verdict)]++
		}
		v.Stages = append(v.Stages, sv)
	}
	return indented(w, v)
}

// known maps a verdict nobody gave, or one this program does not know, to inconclusive: never to pass.
func known(verdict string) string {
	switch verdict {
	case history.Pass, history.Missed, history.Violated:
		return verdict
	}
	return history.Inconclusive
}

// gravity orders verdicts: the worse, the larger.
func gravity(verdict string) int {
	switch known(verdict) {
	case history.Pass:
		return 0
	case history.Missed:
		return 2
	case history.Violated:
		return 3
	}
	return 1
}
