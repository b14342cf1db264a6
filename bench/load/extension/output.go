package extension

import (
	"bufio"
	"encoding/json"
	"errors"
	"figlab/bench/load/wire"
	"figlab/internal/history"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"go.k6.io/k6/metrics"
	"go.k6.io/k6/output"
)

// queued is how many records may wait for the lab to read them.
const queued = 1 << 15

var errSlow = errors.New("the lab does not read its records fast enough")

// A writer is the output: it takes observations from k6 and writes them as lines to the lab's pipe.
type writer struct {
	load  *load
	pipe  io.WriteCloser
	queue chan *history.Record
	done  chan struct{}
	stop  func(error) // ends the test

	schedule schedule
	arrivals int64
	late     *hdrhistogram.Histogram // microseconds from due to sent

	mu      sync.Mutex
	failed  error
	written int64
}

func newWriter(pipe io.WriteCloser, every time.Duration) *writer {
	return &writer{
		pipe: pipe, queue: make(chan *history.Record, queued), done: make(chan struct{}),
		schedule: schedule{every: every}, late: hdrhistogram.New(1, time.Hour.Microseconds(), 3),
	}
}

// Description is what k6 calls this output.
func (*writer) Description() string { return "figlab (lines on a pipe)" }

// SetTestRunStopCallback takes the way to end the test when the output cannot go on.
func (w *writer) SetTestRunStopCallback(stop func(error)) { w.stop = stop }

// Start begins to write.
func (w *writer) Start() error {
	go w.write()
	return nil
}

// AddMetricSamples is called by one goroutine of k6, with samples in the order in which they were pushed.
func (w *writer) AddMetricSamples(containers []metrics.SampleContainer) {
	for _, c := range containers {
		switch c := c.(type) {
		case *observation:
			w.observe(c)
		case metrics.Sample:
			if c.Metric.Name == metrics.DroppedIterationsName {
				w.schedule.drop(w.load.at(c.Time))
			}
		}
	}
}

func (w *writer) observe(o *observation) {
	if o.arrival {
		w.arrivals++
		o.record.Scheduled = w.schedule.due(o)
		_ = w.late.RecordValue(max(0, (o.record.Call-o.record.Scheduled)/1000)) // one hour late is late enough
	}
	select {
	case w.queue <- &o.record:
	default: // losing it silently would be a lie, waiting would stop k6's clock
		w.fail(errSlow)
	}
}

// fail ends the run with a reason; only the first counts.
func (w *writer) fail(err error) {
	w.mu.Lock()
	first := w.failed == nil
	if first {
		w.failed = err
	}
	w.mu.Unlock()
	if first && w.stop != nil {
		w.stop(err)
	}
}

// write drains the queue to the pipe, and flushes whenever it has caught up.
func (w *writer) write() {
	defer close(w.done)
	buffer := bufio.NewWriterSize(w.pipe, 1<<16)
	enc := json.NewEncoder(buffer)
	for rec := range w.queue {
		err := enc.Encode(rec)
		if err == nil && len(w.queue) == 0 {
			err = buffer.Flush()
		}
		if err != nil { // the lab is gone
			w.fail(fmt.Errorf("write record: %w", err))
			continue
		}
		w.mu.Lock()
		w.written++
		w.mu.Unlock()
	}
	if err := buffer.Flush(); err != nil {
		w.fail(fmt.Errorf("write record: %w", err))
	}
}

// Stop writes what is left, and the summary as the last line. k6 calls it after the last sample.
func (w *writer) Stop() error {
	close(w.queue)
	<-w.done
	w.load.crowd.Close()
	w.mu.Lock()
	s := wire.Summary{Records: w.written}
	if w.failed != nil {
		s.Error = w.failed.Error()
	}
	w.mu.Unlock()
	s.Dropped = int64(len(w.schedule.dropped))
	s.Arrivals = w.arrivals + s.Dropped
	s.MaxVUs = int(w.load.mostBusy.Load())
	s.Late99 = time.Duration(w.late.ValueAtQuantile(99)) * time.Microsecond
	err := json.NewEncoder(w.pipe).Encode(struct {
		Summary wire.Summary `json:"summary"`
	}{s})
	return errors.Join(err, w.pipe.Close())
}

var _ output.WithTestRunStop = (*writer)(nil)
