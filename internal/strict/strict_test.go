package strict_test

import (
	"figlab/internal/strict"
	"strings"
	"testing"
	"time"
)

type walk struct {
	Name   string         `yaml:"name"`
	Stages []stage        `yaml:"stages"`
	Shares map[string]int `yaml:"shares,optional"`
	Deep   *stage         `yaml:"deep,optional"`
}

type stage struct {
	ID     string        `yaml:"id"`
	Steady time.Duration `yaml:"steady,optional"`
	Rate   float64       `yaml:"rate,optional"`
	Users  uint8         `yaml:"users,optional"`
	Cold   bool          `yaml:"cold,optional"`
}

func (w *walk) Check() (complaints []strict.Complaint) {
	for i, s := range w.Stages {
		if s.Rate < 0 {
			complaints = append(complaints, strict.Complaint{Path: "stages[" + string(rune('0'+i)) + "].rate", Text: "rate is negative"})
		}
	}
	return complaints
}

func TestDecode(t *testing.T) {
	var w walk
	err := strict.Decode("w.yaml", []byte(`
name: quick # a comment
stages:
  - {id: "05", steady: 12s, rate: 40, users: 7, cold: true}
  - id: end
    rate: 0.5
shares: {reads: 80, writes: 20}
deep:
  id: |
    lines
`), &w)
	if err != nil {
		t.Fatal(err)
	}
	if w.Name != "quick" || len(w.Stages) != 2 || w.Stages[0] != (stage{"05", 12 * time.Second, 40, 7, true}) ||
		w.Stages[1].Rate != 0.5 || w.Shares["writes"] != 20 || w.Deep.ID != "lines\n" {
		t.Errorf("got %+v", w)
	}
}

// TestProblems: every file is told all that is wrong with it, with lines and remedies.
func TestProblems(t *testing.T) {
	for name, c := range map[string]struct {
		src  string
		want []string
	}{
		"typo":      {"naem: x\nstages: []", []string{`w.yaml:1: unknown key "naem" (did you mean "name"?)`, `w.yaml:1: key "name" is missing`}},
		"stranger":  {"name: x\nstages: []\nzzzzzz: 1", []string{`w.yaml:3: unknown key "zzzzzz": want one of name, stages, shares, deep`}},
		"twice":     {"name: x\nstages: []\nname: y", []string{`w.yaml:3: mapping key "name" already defined`}},
		"in a map":  {"name: x\nstages: []\nshares: {a: 1, a: 2}", []string{`w.yaml:3: mapping key "a" already defined`}},
		"octal":     {"name: x\nstages:\n  - id: 05", []string{"w.yaml:3: want text, not a number: put it in quotes"}},
		"duration":  {"name: x\nstages:\n  - id: a\n    steady: ten\n  - id: b\n    steady: 5", []string{`w.yaml:4: "ten" is no time`, "w.yaml:6: want a time with its unit"}},
		"number":    {"name: x\nstages:\n  - {id: a, users: 300}\n  - {id: b, users: -1}\n  - {id: c, users: many}", []string{"w.yaml:3: 300: want a whole number", "w.yaml:4: -1: want a whole", "w.yaml:5: want a whole number, not text"}},
		"bool":      {"name: x\nstages:\n  - {id: a, cold: 1}", []string{"w.yaml:3: 1: want true or false, not a number"}},
		"shape":     {"name: [x]\nstages: {a: b}", []string{"w.yaml:1: want text, not a list", "w.yaml:2: want a list, not keys and values"}},
		"check":     {"name: x\nstages:\n  - id: a\n  - id: b\n    rate: -1", []string{"w.yaml:5: rate is negative"}},
		"syntax":    {"name: x\nstages: [", []string{"w.yaml:2: "}},
		"alias":     {"name: &n x\nstages: []", []string{"w.yaml:1: want text, not an anchor or alias"}},
		"empty":     {"", []string{"w.yaml: holds 0 documents"}},
		"two":       {"name: x\nstages: []\n---\nname: y\nstages: []", []string{"w.yaml: holds 2 documents"}},
		"scalar":    {"hello", []string{"w.yaml:1: want keys and values, not text"}},
		"too large": {strings.Repeat("#", strict.MaxBytes+1), []string{"w.yaml: is 1048577 bytes long"}},
	} {
		t.Run(name, func(t *testing.T) {
			var w walk
			err := strict.Decode("w.yaml", []byte(c.src), &w)
			if err == nil {
				t.Fatal("no problem found")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(c.want) {
				t.Fatalf("got %d problems, want %d:\n%v", len(lines), len(c.want), err)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("got  %s\nwant %s…", lines[i], want)
				}
			}
		})
	}
}

func TestReadFileNamesWhatIsMissing(t *testing.T) {
	var w walk
	if err := strict.ReadFile("nowhere.yaml", &w); err == nil || !strings.Contains(err.Error(), "read nowhere.yaml: no such file") {
		t.Errorf("got %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("name: x\nstages:\n  - {id: a}")
	f.Add("? [a]\n: b")
	f.Add("<<: *x")
	f.Fuzz(func(_ *testing.T, src string) {
		var w walk
		_ = strict.Decode("f.yaml", []byte(src), &w) // must not panic
	})
}
