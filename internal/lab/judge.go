package lab

import (
	"cmp"
	"figlab/bench/stat"
	"figlab/internal/history"
	"figlab/internal/topology"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// good says whether the caller got what the contract promises: a success, or a refusal that is the caller's own doing.
func good(rec history.Record) bool {
	return rec.Status >= http.StatusOK && rec.Status < http.StatusInternalServerError && rec.Status != http.StatusTooManyRequests
}

func failures(records []history.Record) (n int) {
	for _, rec := range records {
		if !good(rec) {
			n++
		}
	}
	return n
}

// summarise gives every operation its latencies from the scheduled arrival, and counts what was not answered as it should be.
func summarise(records []history.Record) map[string]history.OperationMS {
	return stat.Summarise(records, func(rec history.Record) bool { return !good(rec) })
}

// served counts who gave the answers, by capability.
func (w *walk) served(records []history.Record) map[string]history.Served {
	counts := map[string]history.Served{}
	for _, capability := range topology.Capabilities() {
		counts[capability] = history.Served{}
	}
	for _, rec := range records {
		count := counts[w.owners[rec.Op]]
		switch rec.ServedBy {
		case "", topology.Strangler, topology.Gateway: // nobody behind them answered
			continue
		case topology.Monolith:
			count.Monolith++
		default:
			count.Service++
		}
		counts[w.owners[rec.Op]] = count
	}
	return counts
}

// violations is how often an oracle was violated: O4 counts effects that came twice, O5 acknowledged writes that are gone.
func violations(sr history.StageRun, id string) (n int64) {
	for _, o := range sr.Oracles {
		if o.ID == id {
			n += o.Violations
		}
	}
	return n
}

// severity orders verdicts: whoever reads one verdict for many things reads the worst.
func severity(verdict string) int {
	return slices.Index([]string{history.Pass, history.Inconclusive, history.Missed, history.Violated}, verdict)
}

func worst(verdicts ...string) string {
	return slices.MaxFunc(append(verdicts, history.Pass), func(a, b string) int { return cmp.Compare(severity(a), severity(b)) })
}

func stageVerdict(sr history.StageRun) string {
	verdicts := []string{}
	for _, f := range sr.Faults {
		verdicts = append(verdicts, f.Verdict)
	}
	for _, o := range sr.Oracles {
		verdicts = append(verdicts, o.Verdict)
	}
	if !sr.Load.Valid {
		verdicts = append(verdicts, history.Inconclusive)
	}
	return worst(verdicts...)
}

// conclude gives the run its verdict and the reasons for it.
func conclude(r *history.Run) {
	r.Reasons = []string{}
	r.Verdict = history.Pass
	for _, sr := range r.Stages {
		r.Verdict = worst(r.Verdict, sr.Verdict)
		if !sr.Load.Valid {
			r.Reasons = append(r.Reasons, fmt.Sprintf("stage %s: the load dropped %d operations", sr.ID, sr.Load.Dropped))
		}
		for _, f := range sr.Faults {
			if f.Verdict != history.Pass {
				r.Reasons = append(r.Reasons, fmt.Sprintf("stage %s, drill %s: %s", sr.ID, f.ID, f.Why))
			}
		}
		for _, o := range sr.Oracles {
			for _, example := range o.Examples {
				if o.Verdict != history.Pass {
					r.Reasons = append(r.Reasons, fmt.Sprintf("stage %s, %s %s: %s", sr.ID, o.ID, o.Name, example))
				}
			}
		}
	}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
