package plan

import (
	"figlab/api/contract"
	"figlab/internal/strict"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Whole is the weight that sends everybody to the service: weights are shares in 1/10000.
const Whole = 10_000

// A Plan says how one capability moves.
type Plan struct {
	Capability string   `yaml:"capability"`
	Stage      string   `yaml:"stage"`  // of the migration, two digits, at which it moves
	Reads      []string `yaml:"reads"`  // operationIds that change nothing
	Writes     []string `yaml:"writes"` // operationIds that may
	Shift      *Shift   `yaml:"shift,optional"`
}

// A Shift says how the reads move to the service. A plan without one keeps them in the monolith.
type Shift struct {
	Steps    []int         `yaml:"steps"`    // weights, rising to 10000
	Timeout  time.Duration `yaml:"timeout"`  // for the service's whole answer
	Fallback string        `yaml:"fallback"` // monolith, or none
	Feed     *Feed         `yaml:"feed,optional"`
}

// A Feed says how the rows reach the service while the monolith owns them. Without one the service feeds itself.
type Feed struct {
	Events []string `yaml:"events"` // subjects on the bus that tell of a change
	Chunk  int      `yaml:"chunk"`  // rows copied at once
}

// Falls says whether the monolith answers what the service does not.
func (s Shift) Falls() bool { return s.Fallback == "monolith" }

// Parse reads a plan; file names it in the problems.
func Parse(file string, src []byte) (Plan, error) {
	var p Plan
	if err := strict.Decode(file, src, &p); err != nil {
		return Plan{}, fmt.Errorf("plan: %w", err)
	}
	return p, nil
}

// Check returns what the form alone does not rule out.
func (p *Plan) Check() (complaints []strict.Complaint) {
	if len(p.Stage) != 2 || strings.Trim(p.Stage, "0123456789") != "" {
		complaints = append(complaints, complaint("stage", "stage %q: want two digits, e.g. \"05\"", p.Stage))
	}
	if p.Shift != nil {
		complaints = append(complaints, p.Shift.check()...)
	}
	return complaints
}

func (s Shift) check() (complaints []strict.Complaint) {
	if len(s.Steps) == 0 || !slices.IsSorted(s.Steps) || s.Steps[0] < 1 || s.Steps[len(s.Steps)-1] != Whole {
		complaints = append(complaints, complaint("shift.steps", "steps %v: want weights above 0 that rise to %d", s.Steps, Whole))
	}
	if s.Timeout < 10*time.Millisecond || s.Timeout > 30*time.Second {
		complaints = append(complaints, complaint("shift.timeout", "timeout %s: want 10ms to 30s", s.Timeout))
	}
	if s.Fallback != "monolith" && s.Fallback != "none" {
		complaints = append(complaints, complaint("shift.fallback", "fallback %q: want monolith or none", s.Fallback))
	}
	if s.Feed != nil {
		complaints = append(complaints, s.Feed.check()...)
	}
	return complaints
}

func (f Feed) check() (complaints []strict.Complaint) {
	if f.Chunk < 1 || f.Chunk > 1000 {
		complaints = append(complaints, complaint("shift.feed.chunk", "chunk %d: want 1 to 1000 rows", f.Chunk))
	}
	if len(f.Events) == 0 {
		complaints = append(complaints, complaint("shift.feed.events", "no events: a feed without them would fall behind at once"))
	}
	return complaints
}

func complaint(path, format string, args ...any) strict.Complaint {
	return strict.Complaint{Path: path, Text: fmt.Sprintf(format, args...)}
}

// Cover returns why plans do not cover the contract: every operation stands in the plan of its capability, once, among the reads when it
// changes nothing and among the writes when it may.
func Cover(plans []Plan, operations []contract.Operation) error {
	var problems strict.Problems
	add := func(capability, format string, args ...any) {
		problems = append(problems, strict.Problem{File: "strangler/" + capability + "/plan.yaml", Text: fmt.Sprintf(format, args...)})
	}
	place := map[string]string{} // operationId → capability, with the kind of list
	for _, p := range plans {
		for kind, ids := range map[string][]string{"reads": p.Reads, "writes": p.Writes} {
			for _, id := range ids {
				if place[id] != "" {
					add(p.Capability, "%s stands in two places", id)
				}
				place[id] = p.Capability + " " + kind
			}
		}
	}
	for _, o := range operations {
		kind := "reads"
		if o.Write() {
			kind = "writes"
		}
		if want := o.Capability + " " + kind; place[o.ID] != want {
			add(o.Capability, "%s belongs to the %s", o.ID, kind)
		}
		delete(place, o.ID)
	}
	for id, where := range place {
		capability, _, _ := strings.Cut(where, " ")
		add(capability, "the contract has no operation %s", id)
	}
	if len(problems) == 0 {
		return nil
	}
	slices.SortFunc(problems, func(a, b strict.Problem) int { return strings.Compare(a.Error(), b.Error()) })
	return problems
}
