package stat

import (
	"figlab/internal/history"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The histograms hold microseconds up to ten minutes with three significant digits.
const (
	highest = int64(10 * time.Minute / time.Microsecond)
	digits  = 3
)

// Summarise gives each operation its count, its errors as failed defines them, and its latencies in milliseconds, from when it was due to
// the last byte of its answer. Latencies of errors count too: leaving them out would reward failing fast and failing slow alike.
func Summarise(records []history.Record, failed func(history.Record) bool) map[string]history.OperationMS {
	histograms := map[string]*hdrhistogram.Histogram{}
	out := map[string]history.OperationMS{}
	for _, r := range records {
		h := histograms[r.Op]
		if h == nil {
			h = hdrhistogram.New(1, highest, digits)
			histograms[r.Op] = h
		}
		took := min(max((r.Return-r.Scheduled)/int64(time.Microsecond), 1), highest)
		_ = h.RecordValue(took) // it is within the bounds
		o := out[r.Op]
		o.Count++
		if failed(r) {
			o.Errors++
		}
		out[r.Op] = o
	}
	for op, h := range histograms {
		o := out[op]
		at := func(percent float64) float64 { return float64(h.ValueAtPercentile(percent)) / 1000 }
		o.P50, o.P95, o.P99, o.Max = at(50), at(95), at(99), float64(h.Max())/1000
		out[op] = o
	}
	return out
}
