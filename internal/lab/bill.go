package lab

import (
	"context"
	"figlab/internal/history"
	"figlab/internal/process"
	"figlab/internal/topology"
	"time"

	"github.com/google/pprof/profile"
)

// Parts of the bill for processes that cannot be profiled: their door is not the shop's.
const (
	brokerProcess = "broker (its process)"
	partners      = "partners"
)

// billedTimes is how much longer than other comparisons the bill's is: a profile looks a hundred times per second of CPU, and what a
// checkout takes of the monolith is little.
const billedTimes = 3

// outlast is how much longer than what is measured a profile is taken, so that writing it is not measured.
const outlast = time.Second

// bill adds to the run where the CPU of a checkout goes. It is a run of its own: nothing else that is measured pays for the profiles.
func (w *walk) bill(ctx context.Context) error {
	orders, err := w.orders(ctx, "bill", 0)
	if err != nil {
		return err
	}
	orders.Duration = min(billedTimes*orders.Duration, longestProfile-afterwards-outlast)
	n := 0
	var used map[string]time.Duration
	taken, err := w.shop.profiles(ctx, orders.Duration+afterwards+outlast, func(ctx context.Context) (err error) {
		used, err = w.each(func() error {
			took, err := orders.Run(ctx)
			n = len(took)
			if err != nil {
				return err
			}
			return process.Pause(ctx, afterwards)
		})
		return err
	})
	if err != nil {
		return err
	}
	parts := map[string]time.Duration{}
	for _, p := range w.shop.at.Processes {
		if err := divide(used[p.Name], p.Role, taken[p.Name], parts); err != nil {
			return err
		}
	}
	w.run.Bill = append(w.run.Bill, billed(w.shop.at.Stage.ID, "checkout", parts, n)...)
	return nil
}

// each returns the CPU that each process of the shop uses while something is done.
func (w *walk) each(do func() error) (map[string]time.Duration, error) {
	before, err := w.shop.usage()
	if err != nil {
		return nil, err
	}
	if err := do(); err != nil {
		return nil, err
	}
	after, err := w.shop.usage()
	used := map[string]time.Duration{}
	for name, u := range after {
		used[name] = u.CPU - before[name].CPU
	}
	return used, err
}

// divide adds what a process used to the parts it went into. How much it was the kernel knows better: on a busy machine a profile misses
// some. A process without a profile is a part of its own.
func divide(used time.Duration, role string, taken *profile.Profile, parts map[string]time.Duration) error {
	switch {
	case taken == nil && role == topology.Broker:
		parts[brokerProcess] += used
		return nil
	case taken == nil:
		parts[partners] += used
		return nil
	}
	own, err := apportion(taken)
	if err != nil {
		return err
	}
	var seen time.Duration
	for _, d := range own {
		seen += d
	}
	if seen == 0 { // it did so little that no sample was taken
		own, seen = map[string]time.Duration{collector: 1}, 1
	}
	for part, d := range own {
		parts[part] += time.Duration(float64(used) * float64(d) / float64(seen))
	}
	return nil
}

// billed writes the lines of a bill for n times something. What has processes of its own is left out where there are none.
func billed(stage, what string, parts map[string]time.Duration, n int) (lines []history.BillLine) {
	var total time.Duration
	for _, d := range parts {
		total += d
	}
	for _, part := range append(profiledParts(), brokerProcess, partners) {
		d, ran := parts[part]
		if !ran && (part == brokerProcess || part == partners) {
			continue
		}
		lines = append(lines, history.BillLine{
			Stage: stage, What: what, Part: part,
			CPUMillis: milliseconds(d) / float64(max(n, 1)), Share: float64(d) / float64(max(total, 1)),
		})
	}
	return lines
}
