package oracle_test

import (
	"compress/gzip"
	"encoding/json"
	"figlab/chaos/oracle"
	"figlab/internal/history"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestRealRun judges a run of the monolith that was recorded over the wire: four shoppers and an administrator, while the monolith was
// killed eight times and the payment provider stood still for a while. Nothing was wrong with it.
func TestRealRun(t *testing.T) {
	t.Parallel()
	var c oracle.Case
	if err := json.NewDecoder(packed(t, "monolith.facts.json.gz")).Decode(&c.Facts); err != nil {
		t.Fatal(err)
	}
	records, err := history.Read(packed(t, "monolith.history.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	c.History = records
	for _, run := range oracle.Judge(c) {
		if run.Verdict != history.Pass || run.Checked < 100 {
			t.Errorf("%s %s: %s after %d checks: %q", run.ID, run.Name, run.Verdict, run.Checked, run.Examples)
		}
	}
	outcomes := map[history.Outcome]int{}
	for _, r := range records {
		if r.Op == "placeOrder" {
			outcomes[r.Outcome]++
		}
	}
	if outcomes[history.OK] < 40 || outcomes[history.Unknown] < 8 || outcomes[history.Fail] < 8 {
		t.Errorf("the recording is too tame: %v", outcomes)
	}
}

func packed(t *testing.T, name string) io.Reader {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
