package report

import (
	"figlab/internal/history"
	"figlab/internal/report/figure"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func faults(r history.Run, all []figure.Figure) section {
	s := section{ID: "faults", Title: "Faults"}
	if len(r.Stages) == 0 {
		return s
	}
	s.Blocks = named(all, "availability")
	impact := &grid{
		Caption: "What clients felt",
		Columns: columns("stage", "fault", "link", "#requests", "#availability %", "#p99 ms", "#degraded", "verdict", "why"),
	}
	proof := &grid{
		Caption: "What proves that it acted, and that it is gone",
		Columns: columns("stage", "fault", "kind", "link", "acted", "evidence", "undone"),
	}
	for _, st := range r.Stages {
		for _, f := range st.Faults {
			impact.Rows = append(impact.Rows, []cell{
				text(stageName(st)), code(f.ID), code(f.Link), text(count(f.Scored.Scheduled)), text(availability(f)),
				text(p99Of(f.Scored.Scheduled, f.Scored.P99)), text(count(f.Scored.Degraded)), verdictCell(f.Verdict), text(f.Why),
			})
			proof.Rows = append(proof.Rows, []cell{
				text(stageName(st)), code(f.ID), text(f.Kind), code(f.Link),
				no(f.Acted, history.Inconclusive), text(evidence(f)), no(f.Undone, history.Missed),
			})
		}
	}
	if len(impact.Rows) == 0 {
		s.Blocks = append(s.Blocks, block{Prose: plain("No fault was injected.")})
		return s
	}
	s.Blocks = append(s.Blocks, block{Table: impact}, block{Table: proof})
	return s
}

// no marks a missing proof with the tone of what it leads to.
func no(v bool, tone string) cell {
	if v {
		return cell{Text: yes(v)}
	}
	return cell{Text: yes(v), Tone: tone}
}

// evidence prints "connections_cut 12, delay_ms_p50 201", by name.
func evidence(f history.FaultRun) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(f.Evidence)) {
		parts = append(parts, oneLine(k)+" "+number(f.Evidence[k]))
	}
	return strings.Join(parts, ", ")
}

// An oracleSum is one oracle at one stage, over all its checks.
type oracleSum struct {
	checked, violations int64
	verdict             string
	ran                 bool
}

func sumOf(s history.StageRun, id string) oracleSum {
	var sum oracleSum
	for _, o := range s.Oracles {
		if o.ID != id {
			continue
		}
		sum.checked += o.Checked
		sum.violations += o.Violations
		if !sum.ran || gravity(o.Verdict) > gravity(sum.verdict) {
			sum.verdict = known(o.Verdict)
		}
		sum.ran = true
	}
	return sum
}

// oracleIDs lists them as people count: O2 before O10. Names are those of the first check.
func oracleIDs(r history.Run) (ids []string, names map[string]string) {
	names = map[string]string{}
	for _, s := range r.Stages {
		for _, o := range s.Oracles {
			if _, seen := names[o.ID]; !seen {
				ids = append(ids, o.ID)
				names[o.ID] = o.Name
			}
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return ids, names
}

func oracles(r history.Run) section {
	s := section{ID: "oracles", Title: "Oracles"}
	if len(r.Stages) == 0 {
		return s
	}
	ids, names := oracleIDs(r)
	if len(ids) == 0 {
		s.Blocks = []block{{Prose: plain("No oracle was asked.")}}
		return s
	}
	g := &grid{Caption: "Things checked / violations", Columns: columns("stage")}
	var legend [][]span
	for _, id := range ids {
		g.Columns = append(g.Columns, column{or(id), true})
		legend = append(legend, []span{{or(id), true}, {": " + or(names[id]), false}})
	}
	for _, st := range r.Stages {
		row := []cell{text(stageName(st))}
		for _, id := range ids {
			row = append(row, oracleCell(sumOf(st, id)))
		}
		g.Rows = append(g.Rows, row)
	}
	s.Blocks = []block{{List: legend}, {Table: g}}
	if found := examples(r); len(found) > 0 {
		s.Blocks = append(s.Blocks, block{Prose: plain("What was found:")}, block{List: found})
	}
	return s
}

func oracleCell(sum oracleSum) cell {
	if !sum.ran {
		return text(none)
	}
	c := text(count(sum.checked) + " / " + count(sum.violations))
	if sum.verdict != history.Pass {
		c.Text += " " + sum.verdict
		c.Tone = sum.verdict
	}
	return c
}

func examples(r history.Run) [][]span {
	var found [][]span
	for _, st := range r.Stages {
		for _, o := range st.Oracles {
			for _, e := range o.Examples {
				found = append(found, plain("stage "+stageName(st)+", "+o.ID+": "+e))
			}
		}
	}
	return found
}

func moves(r history.Run) section {
	s := section{ID: "moves", Title: "Moves under load"}
	if len(r.Moves) == 0 {
		return s
	}
	data := &grid{
		Caption: "What moved",
		Columns: columns("capability", "what", "from", "to", "steps", "#rows", "#catch-up ms", "rollback"),
	}
	clients := &grid{
		Caption: "What clients noticed",
		Columns: columns("capability", "what", "#requests", "#failed", "#parked", "#park p99 ms", "#park max ms",
			"#lost writes", "#doubled writes"),
	}
	for _, m := range r.Moves {
		data.Rows = append(data.Rows, []cell{
			text(m.Capability), text(m.What), text(m.From), text(m.To), text(steps(m.Steps)),
			text(count(m.Rows)), text(ms(m.CatchUpMS)), text(m.Rollback),
		})
		clients.Rows = append(clients.Rows, []cell{
			text(m.Capability), text(m.What), text(count(m.Requests)), bad(m.FailedRequests, history.Missed), text(count(m.ParkedRequests)),
			text(p99Of(m.ParkedRequests, m.ParkP99)), text(msOf(m.ParkedRequests, m.ParkMax)),
			bad(m.LostWrites, history.Violated), bad(m.DoubledWrites, history.Violated),
		})
	}
	s.Blocks = []block{{Table: data}, {Table: clients}}
	return s
}

// bad marks a count that should be 0.
func bad(n int64, tone string) cell {
	c := text(count(n))
	if n != 0 {
		c.Tone = tone
	}
	return c
}

func steps(all []int) string {
	var parts []string
	for _, s := range all {
		parts = append(parts, strconv.Itoa(s))
	}
	return strings.Join(parts, ", ")
}
