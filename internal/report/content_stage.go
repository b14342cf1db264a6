package report

import (
	"figlab/internal/history"
	"figlab/internal/report/figure"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

func operations(r history.Run, all []figure.Figure) section {
	s := section{ID: "operations", Title: "Latency and errors", Blocks: named(all, "latency")}
	for _, st := range r.Stages {
		g := &grid{
			Caption: "Stage " + stageName(st) + ", steady phase",
			Columns: columns("operation", "#count", "#errors", "#p50 ms", "#p95 ms", "#p99 ms", "#max ms"),
		}
		for _, id := range slices.Sorted(maps.Keys(st.Operations)) {
			o := st.Operations[id]
			g.Rows = append(g.Rows, []cell{
				code(id), text(count(o.Count)), text(count(o.Errors)),
				text(msOf(o.Count, o.P50)), text(msOf(o.Count, o.P95)), text(p99Of(o.Count, o.P99)), text(msOf(o.Count, o.Max)),
			})
		}
		s.Blocks = append(s.Blocks, tableOr(g, "Stage "+stageName(st)+": no operation was measured."))
	}
	return s
}

// tableOr shows a sentence in place of a table without rows.
func tableOr(g *grid, words string) block {
	if len(g.Rows) == 0 {
		return block{Prose: plain(words)}
	}
	return block{Table: g}
}

func served(r history.Run, all []figure.Figure) section {
	s := section{ID: "served", Title: "Who answered", Blocks: named(all, "served")}
	if len(r.Stages) == 0 {
		return s
	}
	names := map[string]bool{}
	g := &grid{Caption: "Answers of the monolith / of the service", Columns: columns("capability")}
	for _, st := range r.Stages {
		g.Columns = append(g.Columns, column{or(st.ID), true})
		for name := range st.ServedBy {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		row := []cell{text(name)}
		for _, st := range r.Stages {
			by, asked := st.ServedBy[name]
			if !asked || by.Monolith+by.Service == 0 {
				row = append(row, text(none))
				continue
			}
			row = append(row, text(count(by.Monolith)+" / "+count(by.Service)))
		}
		g.Rows = append(g.Rows, row)
	}
	s.Blocks = append(s.Blocks, tableOr(g, "No answer was counted."))
	return s
}

func cost(r history.Run, all []figure.Figure) section {
	s := section{ID: "cost", Title: "Cost", Blocks: named(all, "cost")}
	if len(r.Stages) == 0 {
		return s
	}
	whole := &grid{
		Caption: "All processes of the shop, steady phase",
		Columns: columns("stage", "#CPU s per 1,000 requests", "#private MB", "#resident MB", "#processes", "#ready after ms"),
	}
	each := &grid{Caption: "Each process", Columns: columns("stage", "process", "#CPU s", "#private MB", "#resident MB")}
	for _, st := range r.Stages {
		whole.Rows = append(whole.Rows, []cell{
			text(stageName(st)), text(measured(st.Cost.CPUSecondsPer1k, 2)), text(measured(st.Cost.PrivateMB, 1)),
			text(measured(st.Cost.ResidentMB, 1)), text(strconv.Itoa(len(st.Processes))), text(measured(st.ReadyMS, 0)),
		})
		for _, p := range st.Processes {
			each.Rows = append(each.Rows, []cell{
				text(stageName(st)), code(p.Name), text(fixed(p.CPUSeconds, 2)),
				text(measured(p.PrivateMB, 1)), text(measured(p.ResidentMB, 1)),
			})
		}
	}
	s.Blocks = append(s.Blocks, block{Table: whole}, tableOr(each, "No process was measured on its own."))
	return s
}

func loads(r history.Run) section {
	s := section{ID: "load", Title: "Did the load keep its promise?"}
	if len(r.Stages) == 0 {
		return s
	}
	g := &grid{
		Caption: "The generator, stage by stage",
		Columns: columns("stage", "#scheduled", "#dropped", "#generator CPU s", "load"),
		Note: prose("A dropped iteration was due and never sent: the clients of an overloaded generator wait where nobody " +
			"measures. Such a run is invalid."),
	}
	for _, st := range r.Stages {
		c := cell{Text: loadWord(st.Load)}
		if !st.Load.Valid {
			c.Tone = history.Inconclusive
		}
		g.Rows = append(g.Rows, []cell{
			text(stageName(st)), text(count(st.Load.Scheduled)), text(count(st.Load.Dropped)), text(fixed(st.Load.GeneratorCPU, 2)), c,
		})
	}
	s.Blocks = append(s.Blocks, block{Table: g})
	return s
}

func loadWord(l history.LoadCheck) string {
	if l.Valid {
		return "valid"
	}
	return "invalid"
}

func comparisons(r history.Run) section {
	s := section{ID: "comparisons", Title: "Comparisons"}
	g := &grid{
		Caption: "Two figures of this run, and the first over the second",
		Columns: columns("what", "#A", "#B", "unit", "#ratio", "#wanted at most"),
	}
	for _, c := range r.Comparison {
		ratio := none
		if c.Ratio > 0 && finite(c.Ratio) {
			ratio = "× " + number(c.Ratio)
		}
		g.Rows = append(g.Rows, []cell{text(c.Name), text(number(c.A)), text(number(c.B)), text(c.Unit), text(ratio), text(wanted(c))})
	}
	if len(g.Rows) > 0 {
		s.Blocks = append(s.Blocks, block{Table: g})
	}
	return s
}

// wanted is the ratio that the design wants at most, and whether it was met.
func wanted(c history.Comparison) string {
	switch {
	case c.Most == 0:
		return none
	case c.Ratio > c.Most:
		return "× " + number(c.Most) + ", missed"
	}
	return "× " + number(c.Most)
}

// totals sums over the operations of the steady phase.
func totals(s history.StageRun) (requests, errors int64) {
	for _, o := range s.Operations {
		requests += o.Count
		errors += o.Errors
	}
	return requests, errors
}

func faultTally(s history.StageRun) string {
	var vs []string
	for _, f := range s.Faults {
		vs = append(vs, f.Verdict)
	}
	return tally(vs)
}

func oracleTally(s history.StageRun) string {
	var vs []string
	for _, o := range s.Oracles {
		vs = append(vs, o.Verdict)
	}
	return tally(vs)
}

// tally prints "5 pass" or "1 violated, 4 pass": the worst first.
func tally(verdicts []string) string {
	n := map[string]int{}
	for _, v := range verdicts {
		n[known(v)]++
	}
	words := ""
	for _, v := range []string{history.Violated, history.Missed, history.Inconclusive, history.Pass} {
		if n[v] > 0 {
			if words != "" {
				words += ", "
			}
			words += fmt.Sprintf("%d %s", n[v], v)
		}
	}
	return or(words)
}

func fixedSeed(seed uint64) string { return strconv.FormatUint(seed, 10) }
