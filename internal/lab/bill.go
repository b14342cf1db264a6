package lab

import (
	"context"
	"figlab/internal/engine"
	"figlab/internal/history"
	"figlab/internal/process"
	"figlab/internal/topology"
	"time"
)

// Parts of the bill for processes that cannot be profiled: their door is not the shop's.
const (
	brokerProcess = "broker (its process)"
	partners      = "partners"
)

// billedTimes is how much longer than other comparisons the bill's is: a profile looks a hundred times per second of CPU, and what a
// checkout takes of the monolith is little.
const billedTimes = 3

// bill adds to the run where the CPU of a checkout goes. It is a run of its own: nothing else that is measured pays for the profiles.
func (w *walk) bill(ctx context.Context) error {
	orders, err := w.orders(ctx, "bill", 0)
	if err != nil {
		return err
	}
	orders.Duration = min(billedTimes*orders.Duration, longestProfile-afterwards)
	before, err := w.shop.usage()
	if err != nil {
		return err
	}
	n := 0
	taken, err := w.shop.profiles(ctx, orders.Duration+afterwards, func(ctx context.Context) error {
		took, err := orders.Run(ctx)
		n = len(took)
		if err != nil {
			return err
		}
		return process.Pause(ctx, afterwards)
	})
	if err != nil {
		return err
	}
	after, err := w.shop.usage()
	if err != nil {
		return err
	}
	parts := w.shop.unprofiled(before, after)
	for _, p := range taken {
		own, err := apportion(p)
		if err != nil {
			return err
		}
		for part, d := range own {
			parts[part] += d
		}
	}
	w.run.Bill = append(w.run.Bill, billed(w.shop.at.Stage.ID, "checkout", parts, n)...)
	return nil
}

// unprofiled is what the processes without a door have used between two looks.
func (s *shop) unprofiled(before, after map[string]engine.Usage) map[string]time.Duration {
	parts := map[string]time.Duration{}
	for _, p := range s.at.Processes {
		if s.processes[p.Name].Addresses().Admin != "" {
			continue
		}
		part := partners
		if p.Role == topology.Broker {
			part = brokerProcess
		}
		parts[part] += after[p.Name].CPU - before[p.Name].CPU
	}
	return parts
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
