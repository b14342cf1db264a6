package scenarios

import (
	_ "embed"
	"figlab/internal/strict"
	"figlab/internal/topology"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Scenario is one file.
type Scenario struct {
	Name   string   `yaml:"name"`
	Stages []string `yaml:"stages"`
	Load   Load     `yaml:"load"`
	Phases Phases   `yaml:"phases"`
	Drills []Drill  `yaml:"drills,optional"`
}

// Load says what the shoppers do.
type Load struct {
	Mix  string  `yaml:"mix"`  // shopping, browsing or ordering
	Rate float64 `yaml:"rate"` // operations per second
}

// Phases says how long each part of a stage takes.
type Phases struct {
	Warmup   time.Duration `yaml:"warmup"`
	Move     time.Duration `yaml:"move"` // at most
	Steady   time.Duration `yaml:"steady"`
	Recovery time.Duration `yaml:"recovery"`
	Rest     time.Duration `yaml:"rest"`             // at most
	Compare  time.Duration `yaml:"compare,optional"` // for each comparison after the load; 0: none
}

// A Drill is one fault at every stage, and what the shop must still do under it.
type Drill struct {
	ID     string        `yaml:"id"`
	Why    string        `yaml:"why"`
	Link   Link          `yaml:"link"`
	For    time.Duration `yaml:"for"`
	Fault  Fault         `yaml:"fault"`
	Expect []Expect      `yaml:"expect,optional"`
}

// A Link names the link by what it carries, because its ends differ from stage to stage.
type Link struct {
	ReadsOf string `yaml:"reads_of"` // a capability: the link to whoever answers its reads
}

// A Fault is what is injected; the fields are those of its kind in package chaos/fault.
type Fault struct {
	Kind   string        `yaml:"kind"`
	Delay  time.Duration `yaml:"delay,optional"`
	Jitter time.Duration `yaml:"jitter,optional"`
	Stream string        `yaml:"stream,optional"`
}

// An Expect is what must hold under the fault at some stages. At other stages the same is measured and nothing demanded.
type Expect struct {
	Stages       []string `yaml:"stages"`
	Availability float64  `yaml:"availability"`      // least share of the scheduled operations that succeed
	Degraded     bool     `yaml:"degraded,optional"` // some answers must be marked as given by a fallback
}

//go:embed quick.yaml
var quick []byte

// Quick returns the scenario of the quick lab.
func Quick() (Scenario, error) {
	var s Scenario
	err := strict.Decode("scenarios/quick.yaml", quick, &s)
	return s, err
}

// Read reads a scenario from a file.
func Read(path string) (Scenario, error) {
	var s Scenario
	err := strict.ReadFile(path, &s)
	return s, err
}

// At returns what is expected at a stage, nil when nothing is.
func (d Drill) At(stage string) *Expect {
	for i, e := range d.Expect {
		if slices.Contains(e.Stages, stage) {
			return &d.Expect[i]
		}
	}
	return nil
}

// Check returns what the form alone does not rule out.
func (s *Scenario) Check() (complaints []strict.Complaint) {
	c := &checker{}
	c.name("name", s.Name)
	c.stages("stages", s.Stages)
	if !slices.IsSorted(s.Stages) || len(slices.Compact(slices.Clone(s.Stages))) != len(s.Stages) {
		c.add("stages", "stages %v: want them in order, each once: a shop is walked forward", s.Stages)
	}
	if !slices.Contains(mixes(), s.Load.Mix) {
		c.add("load.mix", "mix %q: want one of %s", s.Load.Mix, strings.Join(mixes(), ", "))
	}
	if s.Load.Rate <= 0 || s.Load.Rate > 1000 {
		c.add("load.rate", "rate %g: want more than 0 and at most 1000 operations per second", s.Load.Rate)
	}
	c.between("phases.warmup", s.Phases.Warmup, 0, 10*time.Minute)
	c.between("phases.move", s.Phases.Move, time.Second, 10*time.Minute)
	c.between("phases.steady", s.Phases.Steady, time.Second, time.Hour)
	c.between("phases.recovery", s.Phases.Recovery, 0, 10*time.Minute)
	c.between("phases.rest", s.Phases.Rest, time.Second, 10*time.Minute)
	c.between("phases.compare", s.Phases.Compare, 0, 10*time.Minute)
	ids := map[string]bool{}
	for i, d := range s.Drills {
		at := fmt.Sprintf("drills[%d]", i)
		if ids[d.ID] || slices.Contains([]string{"warmup", "move", "steady", "recovery", "rest"}, d.ID) {
			c.add(at+".id", "id %q names something else already", d.ID)
		}
		ids[d.ID] = true
		c.drill(at, d)
	}
	return c.complaints
}

func mixes() []string { return []string{"shopping", "browsing", "ordering"} }

type checker struct{ complaints []strict.Complaint }

func (c *checker) add(path, format string, args ...any) {
	c.complaints = append(c.complaints, strict.Complaint{Path: path, Text: fmt.Sprintf(format, args...)})
}

func (c *checker) name(path, name string) {
	if name == "" || len(name) > 40 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		c.add(path, "%q: want up to 40 small letters, digits and dashes: it names a folder or a phase", name)
	}
}

func (c *checker) stages(path string, ids []string) {
	if len(ids) == 0 {
		c.add(path, "no stages")
	}
	for i, id := range ids {
		if _, err := topology.At(id); err != nil {
			c.add(fmt.Sprintf("%s[%d]", path, i), "%s", err.Error())
		}
	}
}

func (c *checker) between(path string, d, low, high time.Duration) {
	if d < low || d > high {
		c.add(path, "%s: want %s to %s", d, low, high)
	}
}

func (c *checker) drill(at string, d Drill) {
	c.name(at+".id", d.ID)
	c.between(at+".for", d.For, time.Second, 10*time.Minute)
	if !slices.Contains(topology.Capabilities(), d.Link.ReadsOf) {
		c.add(at+".link.reads_of", "capability %q: want one of %s", d.Link.ReadsOf, strings.Join(topology.Capabilities(), ", "))
	}
	for i, e := range d.Expect {
		where := fmt.Sprintf("%s.expect[%d]", at, i)
		c.stages(where+".stages", e.Stages)
		if e.Availability < 0 || e.Availability > 1 {
			c.add(where+".availability", "availability %g: want a share from 0 to 1", e.Availability)
		}
	}
}
