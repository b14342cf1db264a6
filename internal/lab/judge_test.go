package lab

import (
	"figlab/internal/history"
	"figlab/internal/topology"
	"figlab/scenarios"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// walkAt is a walk at a stage that nothing runs for.
func walkAt(t *testing.T, stage string) *walk {
	t.Helper()
	at, err := topology.At(stage)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRecorder(filepath.Join(t.TempDir(), "history.jsonl"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	})
	return &walk{shop: &shop{at: at}, recorder: r, owners: map[string]string{"getProduct": "catalog"}}
}

// TestRecorderKnowsThePhase: an operation belongs to the phase it was due in, however late its answer came.
func TestRecorderKnowsThePhase(t *testing.T) {
	w := walkAt(t, "05")
	w.recorder.timeline = []phase{{warmup, 0}, {steady, 100}, {"cut", 200}, {recovery, 300}}
	for due, want := range map[int64]string{0: warmup, 99: warmup, 100: steady, 199: steady, 200: "cut", 1000: recovery} {
		w.recorder.add(history.Record{Stage: "05", Op: want, Scheduled: due, Return: 5000})
	}
	for _, rec := range w.recorder.all() {
		if rec.Phase != rec.Op {
			t.Errorf("due at %d it is put into %s, want %s", rec.Scheduled, rec.Phase, rec.Op)
		}
	}
	if n := len(w.recorder.of("05", steady)); n != 2 {
		t.Errorf("%d records of the steady phase, want 2", n)
	}
	if n := len(w.recorder.of("03", steady)); n != 0 {
		t.Errorf("%d records of another stage", n)
	}
}

// TestImpact: a drill passes only with evidence, with somebody asking, and with what is expected at that stage.
func TestImpact(t *testing.T) {
	drill := scenarios.Drill{ID: "cut", Why: "to see", Expect: []scenarios.Expect{{Stages: []string{"05"}, Availability: 0.9, Degraded: true}}}
	ok := history.Record{Status: 200, Degraded: "catalog service"}
	for name, c := range map[string]struct {
		stage   string
		acted   bool
		records []history.Record
		want    string
		score   float64
	}{
		"good":                {"05", true, []history.Record{ok, ok}, history.Pass, 100},
		"refusals are fine":   {"05", true, []history.Record{ok, {Status: 404}}, history.Pass, 100},
		"no evidence":         {"05", false, []history.Record{ok}, history.Inconclusive, 100},
		"nobody asked":        {"05", true, nil, history.Inconclusive, 0},
		"too little":          {"05", true, []history.Record{ok, {Status: 503}}, history.Missed, 50},
		"no answer":           {"05", true, []history.Record{ok, {}}, history.Missed, 50},
		"no fallback":         {"05", true, []history.Record{{Status: 200}}, history.Missed, 100},
		"nothing is expected": {"01", true, []history.Record{{Status: 503}}, history.Pass, 0},
	} {
		w := walkAt(t, c.stage)
		w.recorder.timeline = []phase{{"cut", 0}}
		for i, rec := range c.records {
			rec.Stage, rec.Scheduled, rec.Return = c.stage, int64(i), int64(i)+int64(10*time.Millisecond)
			w.recorder.add(rec)
		}
		out := history.FaultRun{ID: "cut", Acted: c.acted}
		w.impact(&out, drill)
		if out.Verdict != c.want || out.Score != c.score || out.Why == "" {
			t.Errorf("%s: %s at %.0f %% (%s), want %s at %.0f %%", name, out.Verdict, out.Score, out.Why, c.want, c.score)
		}
		if len(c.records) > 0 && out.Scored.P99 != 10 {
			t.Errorf("%s: p99 is %.1f ms, want 10", name, out.Scored.P99)
		}
	}
}

// TestConclude: a run is as good as the worst of what it holds, and says why.
func TestConclude(t *testing.T) {
	stage := func(fault, oracle string, valid bool) history.StageRun {
		sr := history.StageRun{
			ID: "05", Load: history.LoadCheck{Valid: valid, Dropped: 7},
			Faults:  []history.FaultRun{{ID: "cut", Verdict: fault, Why: "because"}},
			Oracles: []history.OracleRun{{ID: "O2", Verdict: oracle, Examples: []string{"one piece too many"}}},
		}
		sr.Verdict = stageVerdict(sr)
		return sr
	}
	for _, c := range []struct {
		stages []history.StageRun
		want   string
		why    string
		code   int
	}{
		{[]history.StageRun{stage(history.Pass, history.Pass, true)}, history.Pass, "", ExitPass},
		{[]history.StageRun{stage(history.Missed, history.Pass, true)}, history.Missed, "drill cut: because", ExitMissed},
		{[]history.StageRun{stage(history.Pass, history.Pass, false)}, history.Inconclusive, "dropped 7", ExitInconclusive},
		{[]history.StageRun{stage(history.Missed, history.Pass, false)}, history.Missed, "because", ExitMissed},
		{[]history.StageRun{stage(history.Missed, history.Violated, false), stage(history.Pass, history.Pass, true)}, history.Violated, "one piece", ExitViolated},
		{[]history.StageRun{stage(history.Pass, history.Inconclusive, true)}, history.Inconclusive, "O2", ExitInconclusive},
	} {
		r := history.Run{Stages: c.stages}
		conclude(&r)
		if why := strings.Join(r.Reasons, "\n"); r.Verdict != c.want || !strings.Contains(why, c.why) || (why == "") != (c.why == "") {
			t.Errorf("verdict %s for %q, want %s for %q", r.Verdict, why, c.want, c.why)
		}
		if code := ExitCode(r.Verdict, nil); code != c.code {
			t.Errorf("verdict %s is exit %d, want %d", r.Verdict, code, c.code)
		}
	}
}

// TestServed: who answered is counted by house; whoever only passed a failure on answered nothing.
func TestServed(t *testing.T) {
	w := walkAt(t, "05")
	var records []history.Record
	for _, by := range []string{"monolith", "catalog-1", "catalog-2", "gateway", "strangler", ""} {
		records = append(records, history.Record{Op: "getProduct", ServedBy: by})
	}
	if got := w.served(records)["catalog"]; got != (history.Served{Monolith: 1, Service: 2}) {
		t.Errorf("served %+v, want 1 by the monolith and 2 by services", got)
	}
}
