package extension

import (
	"figlab/internal/history"
	"sort"
	"time"

	"go.k6.io/k6/metrics"
)

// An observation is a record on its way through k6's channel of samples.
type observation struct {
	record  history.Record
	arrival bool  // of the schedule; else from before it
	number  int64 // of the iteration that did it
	start   int64 // of the schedule
	began   int64 // when a virtual user took the arrival on
}

// GetSamples makes an observation something that k6 carries; to k6 itself it says nothing.
func (*observation) GetSamples() []metrics.Sample { return nil }

// A schedule knows when each arrival was due. k6 counts the iterations it has begun, not the arrivals: those it dropped, because nobody was
// free, have no number. So an iteration's arrival is its number and the drops before it.
type schedule struct {
	every   time.Duration
	dropped []int64 // when, in order
}

// drop notes an arrival that was dropped.
func (s *schedule) drop(at int64) { s.dropped = append(s.dropped, at) }

// due returns when the arrival behind an observation was due. All drops before it began must have been noted; later ones do not matter.
func (s *schedule) due(o *observation) int64 {
	before := sort.Search(len(s.dropped), func(i int) bool { return s.dropped[i] >= o.began })
	due := o.start + (o.number+int64(before))*s.every.Nanoseconds()
	// k6 never begins early; a number taken by a virtual user that overtook another may look as if.
	return min(due, o.began)
}
