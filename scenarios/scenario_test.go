package scenarios_test

import (
	"figlab/scenarios"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestQuick(t *testing.T) {
	s, err := scenarios.Quick()
	if err != nil {
		t.Fatal(err)
	}
	var whole time.Duration
	for range s.Stages {
		whole += s.Phases.Warmup + s.Phases.Steady
		for _, d := range s.Drills {
			whole += d.For + s.Phases.Recovery
		}
	}
	if whole > 150*time.Second {
		t.Errorf("the load of the quick lab takes %s: moving and judging must fit into four minutes too", whole)
	}
	if len(s.Drills) != 2 || s.Drills[1].At("05") == nil || s.Drills[1].At("01") != nil {
		t.Errorf("drills are %+v", s.Drills)
	}
}

// TestEveryScenarioReads: a scenario that is shipped must not be refused.
func TestEveryScenarioReads(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, f := range files {
		if _, err := scenarios.Read(f); err != nil {
			t.Error(err)
		}
	}
}

// TestProblems: one problem each, told with its line.
func TestProblems(t *testing.T) {
	good, err := os.ReadFile("quick.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"key":          {"  rate:", "  ratte:", `unknown key "ratte" (did you mean "rate"?)`},
		"stage":        {`stages: ["00", "01", "03", "05", "14"]`, `stages: ["00", "02"]`, `no stage "02": want one of 00, 01, 03, 05, 14`},
		"order":        {`stages: ["00", "01", "03", "05", "14"]`, `stages: ["05", "00"]`, "want them in order"},
		"mix":          {"mix: shopping", "mix: stealing", `mix "stealing": want one of shopping`},
		"rate":         {"rate: 60", "rate: 0", "rate 0: want more than 0"},
		"phase":        {"steady: 9s", "steady: 9ms", "9ms: want 1s to 1h0m0s"},
		"id":           {"id: cut", "id: slow", `id "slow" names something else already`},
		"phase as id":  {"id: cut", "id: steady", `id "steady" names something else already`},
		"capability":   {"reads_of: catalog", "reads_of: katalog", `capability "katalog": want one of user`},
		"availability": {"availability: 0.95", "availability: 95", "availability 95: want a share"},
		"name":         {"name: quick", "name: ../quick", "want up to 40 small letters"},
	} {
		file := filepath.Join(t.TempDir(), "s.yaml")
		if err := os.WriteFile(file, []byte(strings.Replace(string(good), c.from, c.to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := scenarios.Read(file)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "s.yaml:") {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}
