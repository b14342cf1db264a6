package mutant_test

import (
	"bytes"
	"errors"
	"figlab/chaos/oracle"
	"figlab/chaos/oracle/mutant"
	"figlab/internal/history"
	"reflect"
	"strings"
	"testing"
)

// TestCleanRaisesNothing: two hundred shops without a fault pass every oracle, and each has seen every kind of attempt.
func TestCleanRaisesNothing(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 200; seed++ {
		c := mutant.Clean(seed)
		for _, r := range oracle.Judge(c) {
			if r.Verdict != history.Pass {
				t.Errorf("seed %d: %s is %s: %q", seed, r.ID, r.Verdict, r.Examples)
			}
		}
		seen := map[string]bool{}
		for _, r := range c.History {
			seen[r.Op+" "+string(r.Outcome)] = true
		}
		for _, o := range c.Facts.Orders {
			seen[o.State+o.Reason] = true
		}
		for _, want := range []string{
			"placeOrder ok", "placeOrder fail", "placeOrder unknown", "cancelOrder ok", "cancelOrder fail", "cancelOrder unknown",
			"refundPayment ok", "refundPayment fail", "refundPayment unknown", "restock ok", "restock fail", "restock unknown",
			"createUser ok", "createUser fail", "createUser unknown", "getOrder ok", "delivered", "cancelled", "rejectedpayment_declined",
		} {
			if !seen[want] {
				t.Errorf("seed %d has no %s", seed, want)
			}
		}
		if again := mutant.Clean(seed); !reflect.DeepEqual(c, again) {
			t.Errorf("seed %d is not the same twice", seed)
		}
	}
}

// TestTable: every bug is caught in every seed by the oracle whose law it breaks, and a shop without a fault raises no alarm.
func TestTable(t *testing.T) {
	t.Parallel()
	m := mutant.Table(40)
	if err := m.Err(); err != nil {
		t.Error(err)
	}
	expected := map[string]int{}
	for _, r := range m.Rows {
		expected[r.Expected]++
	}
	for _, o := range m.Oracles {
		if expected[o] < 3 {
			t.Errorf("%s is proven by %d bugs, want at least 3", o, expected[o])
		}
	}
}

// TestErr: a matrix with a gap in it is an error that names the gap.
func TestErr(t *testing.T) {
	t.Parallel()
	m := mutant.Matrix{Seeds: 3, Oracles: []string{"O1", "O2"}, Rows: []mutant.Row{
		{Bug: "clean", Caught: []int{1, 0}, Survived: 2},
		{Bug: "leak", Expected: "O1", Caught: []int{2, 0}, Survived: 1},
	}}
	const want = `2 of 3 seeds without a fault were not passed
O1 raised an alarm in 1 of 3 seeds without a fault
leak survived 1 of 3 seeds
O1 has missed leak in 1 of 3 seeds
O2 has caught nothing`
	if err := m.Err(); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	m := mutant.Matrix{Seeds: 1000, Oracles: []string{"O1", "O2"}, Rows: []mutant.Row{
		{Bug: "clean", Story: "nothing is wrong", Caught: []int{0, 0}},
		{Bug: "reserve-leak", Story: "kept", Expected: "O1", Caught: []int{1000, 7}},
	}}
	const want = `
| bug          | what is wrong    |   O1 |   O2 |
|--------------|------------------|-----:|-----:|
| clean        | nothing is wrong |    . |    . |
| reserve-leak | kept             | 1000 |    7 |
`
	var b bytes.Buffer
	if err := m.Write(&b); err != nil || "\n"+b.String() != want {
		t.Errorf("%v\n%s", err, b.String())
	}
	if err := m.Write(full{}); err == nil || !strings.HasPrefix(err.Error(), "write the matrix") {
		t.Errorf("to a full disk: %v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }
