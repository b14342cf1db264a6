package report

import (
	"figlab/internal/history"
	"slices"
)

// bill shows where the CPU goes: parts by stages, a table for each thing that is paid for.
func bill(r history.Run) section {
	s := section{ID: "bill", Title: "Where the CPU goes"}
	for _, what := range distinct(r.Bill, func(l history.BillLine) string { return l.What }) {
		lines := slices.DeleteFunc(slices.Clone(r.Bill), func(l history.BillLine) bool { return l.What != what })
		s.Blocks = append(s.Blocks, block{Table: billed(what, lines)})
	}
	if len(s.Blocks) > 0 {
		s.Blocks = append(s.Blocks, block{List: [][]span{
			prose("serialise: values to JSON and back, and whether they are what the contract says. socket: HTTP and the connections " +
				"below it, also those to a database server and to the broker. database: what the shop's own processes do for their " +
				"rows; with SQLite that is all of it. broker: what they do to speak to it. crypto: signatures, passwords, random numbers."),
			prose("runtime: collecting garbage, scheduling, and memory that nobody can be named for. rest: the shop's own " +
				"code. A sample of a profile counts for the frame nearest to the work that says what it is for."),
			prose("The broker and the partners are not profiled: what their processes used is one line each. What all of them spend " +
				"anyway while time goes by is in here."),
		}})
	}
	return s
}

func billed(what string, lines []history.BillLine) *grid {
	stages := distinct(lines, func(l history.BillLine) string { return l.Stage })
	g := &grid{
		Caption: "Where the CPU of a " + or(what) + " goes",
		Columns: columns("part"),
	}
	for _, id := range stages {
		g.Columns = append(g.Columns, column{or(id) + ": CPU ms", true}, column{or(id) + ": %", true})
	}
	for _, part := range distinct(lines, func(l history.BillLine) string { return l.Part }) {
		row := []cell{text(part)}
		for _, id := range stages {
			row = append(row, billCells(lines, id, part)...)
		}
		g.Rows = append(g.Rows, row)
	}
	all := []cell{text("all")}
	for _, id := range stages {
		var ms float64
		for _, l := range lines {
			if l.Stage == id {
				ms += l.CPUMillis
			}
		}
		all = append(all, text(fixed(ms, 2)), text(fixed(100, 1)))
	}
	g.Rows = append(g.Rows, all)
	return g
}

// billCells are the time and the share of a part at a stage, which may not have it.
func billCells(lines []history.BillLine, stage, part string) []cell {
	for _, l := range lines {
		if l.Stage == stage && l.Part == part {
			return []cell{text(fixed(l.CPUMillis, 2)), text(fixed(100*l.Share, 1))}
		}
	}
	return []cell{text(none), text(none)}
}

// distinct lists what lines say, in the order in which it is said first.
func distinct(lines []history.BillLine, of func(history.BillLine) string) (all []string) {
	for _, l := range lines {
		if !slices.Contains(all, of(l)) {
			all = append(all, of(l))
		}
	}
	return all
}
