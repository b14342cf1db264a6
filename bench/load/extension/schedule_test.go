package extension

import (
	"bytes"
	"encoding/json"
	"errors"
	"figlab/bench/load/wire"
	"figlab/internal/history"
	"strings"
	"testing"
	"time"

	"go.k6.io/k6/metrics"
)

// TestDue: arrivals 3 and 4 are dropped, so the iterations after them are later arrivals than their numbers say.
func TestDue(t *testing.T) {
	s := schedule{every: 10}
	due := func(number, began int64) int64 { return s.due(&observation{number: number, start: 1000, began: began}) }
	if got := due(2, 1021); got != 1020 {
		t.Errorf("the third arrival was due at %d, want 1020", got)
	}
	s.drop(1030)
	s.drop(1041)
	for _, c := range []struct{ number, began, want int64 }{
		{2, 1022, 1020}, // began before the drops and is told of after them
		{3, 1055, 1050},
		{4, 1061, 1060},
		{9, 1062, 1062}, // never after it began
	} {
		if got := due(c.number, c.began); got != c.want {
			t.Errorf("iteration %d was due at %d, want %d", c.number, got, c.want)
		}
	}
}

// sink is a pipe whose reader may be slow.
type sink struct {
	bytes.Buffer
	gate chan struct{}
}

func (s *sink) Write(p []byte) (int, error) {
	<-s.gate
	return s.Buffer.Write(p)
}

func (*sink) Close() error { return nil }

func testWriter(t *testing.T, s *sink) *writer {
	t.Helper()
	base := time.Now()
	w := newWriter(s, 10*time.Millisecond)
	w.load = newLoad(wire.Plan{URL: "http://127.0.0.1:1", Products: 1, Users: 1, VUs: 1, Epoch: base.Add(-time.Second)}, base, w)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	return w
}

// summary returns what the writer wrote: the number of records, and its last line.
func summary(t *testing.T, s *sink) (records int, last wire.Summary) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(s.String()), "\n")
	var l wire.Line
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &l); err != nil || l.Summary == nil {
		t.Fatalf("last line %q: %v", lines[len(lines)-1], err)
	}
	return len(lines) - 1, *l.Summary
}

// TestWriter: records come out in order, drops are counted, and the summary is the last line.
func TestWriter(t *testing.T) {
	s := &sink{gate: make(chan struct{})}
	close(s.gate)
	w := testWriter(t, s)
	dropped := metrics.NewRegistry().MustNewMetric(metrics.DroppedIterationsName, metrics.Counter)
	w.AddMetricSamples([]metrics.SampleContainer{
		&observation{record: history.Record{Op: "createSession"}},
		&observation{arrival: true, number: 0, start: 1e9, began: 1e9, record: history.Record{Op: "a", Call: 1e9 + 2e6}},
		metrics.Sample{TimeSeries: metrics.TimeSeries{Metric: dropped}, Time: w.load.base.Add(10 * time.Millisecond)},
		&observation{arrival: true, number: 1, start: 1e9, began: 1e9 + 20e6, record: history.Record{Op: "b", Call: 1e9 + 25e6}},
	})
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	n, last := summary(t, s)
	if n != 3 || last.Records != 3 || last.Arrivals != 3 || last.Dropped != 1 || last.Error != "" || last.Late99.Round(10*time.Microsecond) != 5*time.Millisecond {
		t.Errorf("%d records, %+v", n, last)
	}
	if !strings.Contains(s.String(), `"op":"b","client":"","scheduled_ns":1020000000`) {
		t.Errorf("the arrival after a drop was not due then: %s", s.String())
	}
}

// TestFullQueueFailsTheRun: a lab that does not read must not lose records without knowing.
func TestFullQueueFailsTheRun(t *testing.T) {
	s := &sink{gate: make(chan struct{})}
	w := testWriter(t, s)
	stopped := make(chan error, 1)
	w.SetTestRunStopCallback(func(err error) { stopped <- err })
	for range 2 * queued {
		w.AddMetricSamples([]metrics.SampleContainer{&observation{arrival: true}})
	}
	if err := <-stopped; !errors.Is(err, errSlow) {
		t.Errorf("stopped with %v", err)
	}
	close(s.gate)
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	if n, last := summary(t, s); last.Error != errSlow.Error() || int64(n) != last.Records || n >= 2*queued {
		t.Errorf("%d records, %+v", n, last)
	}
}
