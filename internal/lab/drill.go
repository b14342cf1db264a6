package lab

import (
	"context"
	"errors"
	"figlab/bench/compare"
	"figlab/chaos/fault"
	"figlab/internal/history"
	"figlab/internal/process"
	"figlab/scenarios"
	"fmt"
	"slices"
	"time"
)

// drill breaks a link for a while and says what that did to the shoppers. An error means that the lab is broken: the fault could not be
// injected or, worse, not undone.
func (w *walk) drill(ctx context.Context, d scenarios.Drill) (history.FaultRun, error) {
	out := history.FaultRun{ID: d.ID, Kind: d.Fault.Kind}
	over, ok := w.shop.at.ReadLink(d.Link.ReadsOf)
	if !ok {
		return out, fmt.Errorf("drill %s: no link leads to the reads of %s", d.ID, d.Link.ReadsOf)
	}
	out.Link = over.ID()
	on, ok := w.shop.links.Link(over.ID())
	if !ok {
		return out, fmt.Errorf("drill %s: link %s is not open", d.ID, over.ID())
	}
	f, err := instance(d.Fault)
	if err != nil {
		return out, fmt.Errorf("drill %s: %w", d.ID, err)
	}
	lease, err := f.Inject(ctx, on)
	if err != nil {
		return out, fmt.Errorf("drill %s: %w", d.ID, err)
	}
	lease.Renew(d.For + fault.TTL)
	w.recorder.enter(d.ID)
	waited := process.Pause(ctx, d.For)
	w.recorder.enter(recovery)
	if err := errors.Join(waited, lease.Heal(context.WithoutCancel(ctx))); err != nil {
		return out, fmt.Errorf("drill %s: %w", d.ID, err)
	}
	out.Evidence, out.Acted, out.Undone = lease.Evidence(), lease.Acted(), lease.Undone()
	w.impact(&out, d)
	w.say("  %s on %s: %.1f %% available, %s", d.Fault.Kind, out.Link, out.Score, out.Verdict)
	return out, nil
}

// instance turns a scenario's words into a fault.
func instance(f scenarios.Fault) (fault.Fault, error) {
	kind, ok := fault.Faults()[f.Kind]
	if !ok {
		return nil, fmt.Errorf("no fault %q: want one of %v", f.Kind, sorted(fault.Faults()))
	}
	made := kind()
	if l, ok := made.(*fault.Latency); ok {
		l.Delay, l.Jitter, l.Stream = f.Delay, f.Jitter, f.Stream
	}
	return made, errors.Join(made.Validate()...)
}

// impact is what the shoppers felt, and whether that is what was expected.
func (w *walk) impact(out *history.FaultRun, d scenarios.Drill) {
	var took compare.Latencies
	for _, rec := range w.recorder.of(w.shop.at.Stage.ID, d.ID) {
		out.Scored.Scheduled++
		if good(rec) {
			out.Scored.OK++
		}
		if rec.Degraded != "" {
			out.Scored.Degraded++
		}
		took = append(took, time.Duration(rec.Return-rec.Scheduled))
	}
	slices.Sort(took)
	out.Scored.P99 = milliseconds(took.Quantile(0.99))
	availability := float64(out.Scored.OK) / float64(max(out.Scored.Scheduled, 1))
	out.Score = 100 * availability
	out.Verdict, out.Why = history.Pass, d.Why
	expect := d.At(w.shop.at.Stage.ID)
	switch {
	case !out.Acted:
		out.Verdict, out.Why = history.Inconclusive, "nothing proves that the fault acted"
	case out.Scored.Scheduled == 0:
		out.Verdict, out.Why = history.Inconclusive, "nobody asked for anything meanwhile"
	case expect == nil:
		out.Why = "nothing is demanded at this stage: it is measured to compare"
	case availability < expect.Availability:
		out.Verdict = history.Missed
		out.Why = fmt.Sprintf("%.1f %% of the operations succeeded, want %.1f %%", out.Score, 100*expect.Availability)
	case expect.Degraded && out.Scored.Degraded == 0:
		out.Verdict, out.Why = history.Missed, "no answer came from a fallback"
	}
}
