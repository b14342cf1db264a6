package lab

import (
	"context"
	"figlab/bench/compare"
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

// perCheckout is what a checkout costs beyond what the shop spends anyway, in ms: a product into the cart, the order, and everything until
// the parcel is delivered. It adds to the run where that goes; the profiles cost a few thousandths of it.
func (w *walk) perCheckout(ctx context.Context, orders compare.Checkouts, idle float64) (float64, error) {
	orders.Duration = min(billedTimes*orders.Duration, longestProfile-afterwards-outlast)
	n, start := 0, time.Now()
	var used map[string]time.Duration
	var lasted time.Duration
	taken, err := w.shop.profiles(ctx, orders.Duration+afterwards+outlast, func(ctx context.Context) (err error) {
		used, err = w.each(func() error {
			took, err := orders.Run(ctx)
			n = len(took)
			if err != nil {
				return err
			}
			return process.Pause(ctx, afterwards)
		})
		lasted = time.Since(start)
		return err
	})
	if err != nil {
		return 0, err
	}
	var total time.Duration
	parts := map[string]time.Duration{}
	for _, p := range w.shop.at.Processes {
		total += used[p.Name]
		if err := divide(used[p.Name], p.Role, taken[p.Name], parts); err != nil {
			return 0, err
		}
	}
	w.run.Bill = append(w.run.Bill, billed(w.shop.at.Stage.ID, "checkout", parts, n)...)
	return (milliseconds(total) - idle*lasted.Seconds()) / float64(max(n, 1)), nil
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
