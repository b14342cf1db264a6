package stat_test

import (
	"figlab/bench/stat"
	"figlab/internal/history"
	"math"
	"testing"
	"time"
)

// TestSummarise: latency runs from when an operation was due, errors are what the caller says they are, and operations do not mix.
func TestSummarise(t *testing.T) {
	var records []history.Record
	for i := range 1000 {
		due := int64(i) * int64(time.Millisecond)
		records = append(records, history.Record{
			Op: "getProduct", Scheduled: due, Call: due + int64(5*time.Millisecond), Return: due + int64(i+1)*int64(time.Millisecond),
			Outcome: map[bool]history.Outcome{true: history.Fail, false: history.OK}[i%100 == 0],
		})
	}
	records = append(records, history.Record{Op: "getCart", Scheduled: 10, Return: 5, Outcome: history.OK}) // a clock that slipped
	got := stat.Summarise(records, func(r history.Record) bool { return r.Outcome != history.OK })
	o := got["getProduct"]
	if o.Count != 1000 || o.Errors != 10 {
		t.Errorf("count %d, errors %d, want 1000 and 10", o.Count, o.Errors)
	}
	for name, c := range map[string]struct{ got, want float64 }{"p50": {o.P50, 500}, "p95": {o.P95, 950}, "p99": {o.P99, 990}, "max": {o.Max, 1000}} {
		if math.Abs(c.got-c.want) > c.want/500 { // three digits
			t.Errorf("%s is %.2f ms, want %.0f", name, c.got, c.want)
		}
	}
	if c := got["getCart"]; c.Count != 1 || c.Max > 0.01 {
		t.Errorf("getCart is %+v", c)
	}
	if len(stat.Summarise(nil, nil)) != 0 {
		t.Error("nothing has a summary")
	}
}
