package report_test

import (
	"figlab/internal/history"
	"fmt"
	"time"
)

// fixture is a run in which everything happens that a report has to show: each verdict, a load that dropped, operations that nobody
// called, too few samples for a p99, a fault that was not undone, a lost write.
func fixture() history.Run {
	return history.Run{
		SchemaVersion: history.SchemaVersion,
		Name:          "lab-quick",
		Started:       time.Date(2026, 3, 14, 9, 26, 53, 589_000_000, time.UTC),
		DurationMS:    184_321,
		Seed:          18446744073709551615,
		Engine:        "embedded",
		Store:         "sqlite",
		Commit:        "0123abc",
		Command:       "go run ./cmd/figlab lab --quick --stages 00,03,05 --seed 18446744073709551615",
		Load:          history.Load{Mix: "shopping", RatePerSecond: 80, Products: 10_000, Users: 1000},
		Environment: history.Environment{
			GoVersion: "go1.26.0", OS: "linux", Arch: "amd64", CPUs: 2, CPUModel: "Example CPU @ 2.00GHz", MemoryMB: 7951, LoadAvg1: 3.41, CPUPSI: 12.5,
		},
		Verdict: history.Violated,
		Reasons: []string{"stage 05: oracle O4 was violated 2 times", "stage 03: 41 iterations were dropped"},
		Stages:  []history.StageRun{monolithStage(), searchStage(), catalogStage()},
		Moves: []history.Move{{
			Capability: "catalog", From: "monolith", To: "service", What: "writes", Steps: []int{1, 2, 3, 4}, Rows: 10_000, CatchUpMS: 412.4,
			ParkedRequests: 17, ParkP99: 80, ParkMax: 88.25, Requests: 4000, FailedRequests: 3, LostWrites: 1, Rollback: "done",
		}, {
			Capability: "search", From: "monolith", To: "service", What: "reads", Rows: 0, Requests: 1200, Rollback: "",
		}},
		Comparison: []history.Comparison{
			{Name: "product page, stage 05 to stage 00", A: 1.9, B: 4.6, Ratio: 2.4211, Unit: "ms"},
			{Name: "nothing to divide by", Unit: "ms"},
		},
		Bill: []history.BillLine{
			{Stage: "00", What: "checkout", Part: "serialise", CPUMillis: 0.9, Share: 0.18},
			{Stage: "00", What: "checkout", Part: "database", CPUMillis: 4, Share: 0.8},
			{Stage: "00", What: "checkout", Part: "telemetry"},
			{Stage: "00", What: "checkout", Part: "partners", CPUMillis: 0.1, Share: 0.02},
			{Stage: "14", What: "checkout", Part: "serialise", CPUMillis: 6.125, Share: 0.245},
			{Stage: "14", What: "checkout", Part: "database", CPUMillis: 12.5, Share: 0.5},
			{Stage: "14", What: "checkout", Part: "telemetry", CPUMillis: 0.005, Share: 0.0002},
			{Stage: "14", What: "checkout", Part: "broker (its process)", CPUMillis: 6.25, Share: 0.25},
			{Stage: "14", What: "checkout", Part: "partners", CPUMillis: 0.12, Share: 0.0048},
		},
	}
}

func monolithStage() history.StageRun {
	return history.StageRun{
		ID: "00", Name: "monolith", ReadyMS: 812, Verdict: history.Pass,
		ServedBy: map[string]history.Served{"catalog": {Monolith: 1834}, "search": {Monolith: 402}, "ordertaking": {Monolith: 130}, "wishlist": {}},
		Operations: map[string]history.OperationMS{
			"getProduct":     {Count: 1834, P50: 1.874, P95: 4.02, P99: 9.996, Max: 41.3},
			"searchProducts": {Count: 402, P50: 3.1, P95: 9.4, P99: 18.2, Max: 22},
			"placeOrder":     {Count: 130, Errors: 1, P50: 14.6, P95: 41, P99: 103.7, Max: 1204},
			"getWishlist":    {},
		},
		Cost: history.Cost{CPUSecondsPer1k: 1.42, PrivateMB: 61.3, ResidentMB: 84},
		Load: history.LoadCheck{Scheduled: 2400, GeneratorCPU: 1.9, Valid: true},
		Faults: []history.FaultRun{
			{
				ID: "provider-slow", Link: "monolith->provider", Kind: "latency", Evidence: map[string]float64{"delay_ms_p50": 201.4, "connections": 12},
				Acted: true, Undone: true, Scored: history.FaultScore{Scheduled: 400, OK: 400, P99: 612}, Verdict: history.Pass, Score: 100,
			},
			{
				ID: "monolith-killed", Link: "client->monolith", Kind: "kill", Evidence: map[string]float64{"pid_changed": 1},
				Acted: true, Undone: true, Scored: history.FaultScore{Scheduled: 400, OK: 171, P99: 30_000}, Verdict: history.Missed, Score: 42.75,
				Why: "availability 42.75 % is below the expected 90 %",
			},
		},
		Oracles: oraclesAt(history.Pass, 0),
		Processes: []history.ProcessCost{
			{Name: "monolith", CPUSeconds: 3.1, PrivateMB: 48, ResidentMB: 66},
			{Name: "provider", CPUSeconds: 0.02, PrivateMB: 6.6, ResidentMB: 9},
		},
	}
}

func searchStage() history.StageRun {
	return history.StageRun{
		ID: "03", Name: "search", ReadyMS: 1411, Verdict: history.Inconclusive,
		ServedBy: map[string]history.Served{"catalog": {Monolith: 1790}, "search": {Monolith: 1, Service: 398}},
		Operations: map[string]history.OperationMS{
			"getProduct":     {Count: 1790, P50: 2.4, P95: 6.1, P99: 14.2, Max: 55},
			"searchProducts": {Count: 399, P50: 4.9, P95: 17, P99: 31, Max: 62},
			"placeOrder":     {Count: 99, P50: 15.2, P95: 44, P99: 99, Max: 99},
		},
		Cost: history.Cost{CPUSecondsPer1k: 2.61},
		Load: history.LoadCheck{Scheduled: 2400, Dropped: 41, GeneratorCPU: 2.4},
		Faults: []history.FaultRun{
			{
				ID: "provider-slow", Link: "monolith->provider", Kind: "latency", Undone: true,
				Scored: history.FaultScore{Scheduled: 60, OK: 60, P99: 20}, Verdict: history.Inconclusive, Score: 100, Why: "no evidence that it acted",
			},
			{
				ID: "search-down", Link: "gateway->search-1", Kind: "down", Evidence: map[string]float64{"refused": 73}, Acted: true,
				Scored: history.FaultScore{Scheduled: 400, OK: 399, Degraded: 71, P99: 44}, Verdict: history.Missed, Score: 99.75, Why: "not undone",
			},
		},
		Oracles: oraclesAt(history.Inconclusive, 0),
	}
}

func catalogStage() history.StageRun {
	return history.StageRun{
		ID: "05", Name: "catalog", ReadyMS: 2011, Verdict: history.Violated,
		ServedBy:   map[string]history.Served{"catalog": {Monolith: 600, Service: 1200}, "search": {Service: 400}},
		Operations: map[string]history.OperationMS{"getProduct": {Count: 1800, Errors: 12, P50: 4.6, P95: 12.2, P99: 31.4, Max: 120}},
		Cost:       history.Cost{CPUSecondsPer1k: 3.07, PrivateMB: 133.8, ResidentMB: 190},
		Load:       history.LoadCheck{Scheduled: 2400, GeneratorCPU: 2.2, Valid: true},
		Faults: []history.FaultRun{{
			ID: "search-down", Link: "gateway->search-1", Kind: "down", Evidence: map[string]float64{"refused": 80}, Acted: true, Undone: true,
			Scored: history.FaultScore{Scheduled: 400, OK: 396, Degraded: 80, P99: 51}, Verdict: history.Pass, Score: 99,
		}, {
			ID: "broker-down", Link: "monolith->broker", Kind: "down", Evidence: map[string]float64{"cut": 3}, Acted: true, Undone: true,
			Scored: history.FaultScore{Scheduled: 400, OK: 389, P99: 60}, Verdict: history.Violated, Score: 97.25, Why: "two orders were charged twice",
		}, {
			ID: "nobody-came", Link: "client->strangler", Kind: "latency", Acted: true, Undone: true, Verdict: history.Pass,
		}},
		Oracles:   oraclesAt(history.Violated, 2),
		Processes: []history.ProcessCost{{Name: "catalog-1", CPUSeconds: 1.4, PrivateMB: 22.5, ResidentMB: 31}},
	}
}

// oraclesAt gives five oracles; the fourth has the verdict.
func oraclesAt(verdict string, violations int64) []history.OracleRun {
	names := []string{"stock is conserved", "money is conserved", "no order is lost", "nothing is charged twice", "no acknowledged write is lost"}
	var all []history.OracleRun
	for i, name := range names {
		o := history.OracleRun{ID: fmt.Sprintf("O%d", i+1), Name: name, Checked: int64(130 * (i + 1)), Verdict: history.Pass}
		if i == 3 {
			o.Verdict, o.Violations = verdict, violations
			if violations > 0 {
				o.Examples = []string{"order 7f3a: captured twice, 1299 and 1299", "order 91bc: captured twice"}
			}
		}
		all = append(all, o)
	}
	return all
}

// hostile is the fixture with text in every place that each format would take for its own.
func hostile() history.Run {
	const evil = "<script>alert(1)</script> a|b `c` *d* [e](http://f) \"g\" 'h' &amp; ]]> --> \x1b[31m\x00\x01\n# i\r\n- j \u202ek $l$ \xff"
	r := fixture()
	r.Name, r.Command, r.Commit, r.Engine, r.Store, r.Load.Mix, r.Environment.CPUModel = evil, evil, evil, evil, evil, evil, evil
	r.Reasons = []string{evil, "- " + evil, "1. " + evil}
	r.Comparison[0].Name, r.Comparison[0].Unit = evil, evil
	r.Bill[0].Stage, r.Bill[1].What, r.Bill[2].Part = evil, evil, evil
	r.Moves[0].Capability, r.Moves[0].Rollback, r.Moves[0].What = evil, evil, evil
	s := &r.Stages[0]
	s.ID, s.Name, s.Verdict = evil, evil, evil
	s.ServedBy[evil] = history.Served{Monolith: 1}
	s.Operations[evil] = history.OperationMS{Count: 1}
	s.Processes[0].Name = evil
	f := &s.Faults[0]
	f.ID, f.Link, f.Kind, f.Why, f.Verdict, f.Evidence = evil, evil, evil, evil, evil, map[string]float64{evil: 1}
	o := &s.Oracles[0]
	o.ID, o.Name, o.Examples = evil, evil, []string{evil}
	return r
}

// ladder is a long run: every stage, many faults.
func ladder() history.Run {
	names := []string{
		"monolith", "facade", "notification", "search", "recommendation", "catalog", "wishlist", "user", "cart", "logistics", "warehouse",
		"payment", "orderprocessing", "ordertaking", "microservices",
	}
	r := fixture()
	r.Stages = nil
	for i, name := range names {
		s := monolithStage()
		s.ID, s.Name = fmt.Sprintf("%02d", i), name
		f := 1 + float64(i)/7
		for id, o := range s.Operations {
			o.P50, o.P95, o.P99 = o.P50*f, o.P95*f, o.P99*f
			s.Operations[id] = o
		}
		s.Cost.CPUSecondsPer1k, s.Cost.PrivateMB = s.Cost.CPUSecondsPer1k*f, s.Cost.PrivateMB*f
		s.ServedBy = map[string]history.Served{}
		for j, c := range names[2:14] {
			s.ServedBy[c] = history.Served{Monolith: 1000}
			if j+2 <= i {
				s.ServedBy[c] = history.Served{Monolith: int64(j * 40), Service: 1000}
			}
		}
		s.Faults = nil
		for j := range 24 {
			if (i+j)%5 == 4 {
				continue
			}
			g := monolithStage().Faults[(i*j)%2]
			g.ID = fmt.Sprintf("fault-number-%02d-with-a-name", j)
			g.Score = max(0, 100-float64((i*7+j*13)%120)/1.3)
			s.Faults = append(s.Faults, g)
		}
		r.Stages = append(r.Stages, s)
	}
	return r
}
