package report_test

import (
	"bytes"
	"figlab/internal/report"
	"strings"
	"testing"
)

// TestBill: parts by stages; a stage that has no such part has none, which is not 0. And what a stage of its own rows means is said where
// there is one.
func TestBill(t *testing.T) {
	r := fixture()
	words := func() string {
		var b bytes.Buffer
		if err := report.Markdown(&b, r, "figures"); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	text := words()
	for _, row := range []string{
		"| part | 00: CPU ms | 00: % | 14: CPU ms | 14: % |",
		"| serialise | 0.90 | 18.0 | 6.12 | 24.5 |",
		"| broker (its process) | – | – | 6.25 | 25.0 |",
		"| telemetry | 0.00 | 0.0 | 0.01 | 0.0 |",
		"| all | 5.00 | 100.0 | 25.00 | 100.0 |",
		"run in the lab and are in none of these figures",
	} {
		if !strings.Contains(text, row) {
			t.Errorf("the report lacks %q", row)
		}
	}
	const own = "begins with rows of its own"
	if strings.Contains(text, own) {
		t.Error("it speaks of a stage that was not walked")
	}
	r.Stages[2].ID, r.Bill = "14", nil
	if text = words(); !strings.Contains(text, own) || strings.Contains(text, "Where the CPU goes") {
		t.Error("it does not say that the last stage has rows of its own, or shows a bill that nobody made")
	}
}
