package report

import (
	"figlab/internal/history"
	"figlab/internal/report/figure"
	"strings"
)

// A document is a report before it has a format.
type document struct {
	Title    string
	Lead     []span // one sentence: the verdict
	Verdict  string
	Sections []section
}

// A section has an anchor and blocks, in order.
type section struct {
	ID     string
	Title  string
	Blocks []block
}

// A block is one of its fields.
type block struct {
	Prose  []span
	List   [][]span
	Table  *grid
	Figure *figure.Figure
}

// A span is text, as it is or as code. Its text is raw: each format escapes it.
type span struct {
	Text string
	Code bool
}

// A grid is a table; the first cell of each row names the row.
type grid struct {
	Caption string
	Columns []column
	Rows    [][]cell
	Note    []span
}

type column struct {
	Head   string
	Number bool // aligned right
}

// A cell is one value. Tone is the verdict it shows, empty for everything else.
type cell struct {
	Text string
	Code bool
	Tone string
}

// content is the whole report of a run.
func content(r history.Run) document {
	d := document{
		Title:   "figlab: " + or(r.Name),
		Verdict: known(r.Verdict),
		Lead:    plain("Verdict: " + known(r.Verdict) + "."),
	}
	all := figure.All(r)
	for _, s := range []section{
		verdictSection(r), provenance(r), howToRead(), faults(r, all), oracles(r), moves(r),
		operations(r, all), served(r, all), cost(r, all), bill(r), loads(r), comparisons(r), threats(r), rawData(r),
	} {
		if len(s.Blocks) > 0 {
			d.Sections = append(d.Sections, s)
		}
	}
	return d
}

func verdictSection(r history.Run) section {
	s := section{ID: "verdict", Title: "Verdict"}
	if len(r.Reasons) == 0 {
		words := "Nothing speaks against it."
		if known(r.Verdict) != history.Pass {
			words = "No reason was recorded."
		}
		s.Blocks = append(s.Blocks, block{Prose: plain(words)})
	} else {
		s.Blocks = append(s.Blocks, block{List: lines(r.Reasons)})
	}
	if len(r.Stages) == 0 {
		s.Blocks = append(s.Blocks, block{Prose: plain("No stage was run, so there is nothing to compare.")})
		return s
	}
	g := &grid{Caption: "The stages at a glance", Columns: columns("stage", "#requests", "#errors", "faults", "oracles", "load", "verdict")}
	for _, st := range r.Stages {
		requests, errors := totals(st)
		g.Rows = append(g.Rows, []cell{
			text(stageName(st)), text(count(requests)), text(count(errors)), text(faultTally(st)), text(oracleTally(st)),
			text(loadWord(st.Load)), verdictCell(st.Verdict),
		})
	}
	s.Blocks = append(s.Blocks, block{Table: g})
	return s
}

func provenance(r history.Run) section {
	e := r.Environment
	g := &grid{Caption: "Where these numbers come from", Columns: columns("what", "value"), Rows: [][]cell{
		{text("command"), code(r.Command)},
		{text("seed"), code(fixedSeed(r.Seed))},
		{text("commit"), code(r.Commit)},
		{text("started"), text(when(r.Started))},
		{text("took"), text(lasted(r.DurationMS))},
		{text("engine"), text(or(r.Engine))},
		{text("store"), text(or(r.Store))},
		{text("machine"), text(machine(e))},
		{text("host when it began"), text("load average " + number(e.LoadAvg1) + ", CPU pressure " + number(e.CPUPSI) + " %")},
		{text("load"), text(loadLine(r.Load))},
	}}
	return section{ID: "provenance", Title: "Provenance", Blocks: []block{{Table: g}}}
}

// machine prints what is known of it.
func machine(e history.Environment) string {
	var parts []string
	for _, p := range []struct {
		known bool
		words string
	}{
		{e.CPUModel != "", e.CPUModel},
		{e.CPUs > 0, count(int64(e.CPUs)) + " CPUs"},
		{e.MemoryMB > 0, count(e.MemoryMB) + " MB"},
		{e.OS != "", e.OS + "/" + e.Arch},
		{e.GoVersion != "", e.GoVersion},
	} {
		if p.known {
			parts = append(parts, p.words)
		}
	}
	return strings.Join(parts, ", ")
}

func loadLine(l history.Load) string {
	return or(l.Mix) + " mix, " + number(l.RatePerSecond) + " requests per second (open model), " +
		count(int64(l.Products)) + " products, " + count(int64(l.Users)) + " users"
}

func text(s string) cell { return cell{Text: or(s)} }

func code(s string) cell {
	if s = oneLine(s); s == "" {
		return cell{Text: none}
	}
	return cell{Text: s, Code: true}
}

func verdictCell(verdict string) cell { return cell{Text: known(verdict), Tone: known(verdict)} }

// columns reads heads; one that begins with # is of numbers.
func columns(heads ...string) []column {
	var cs []column
	for _, h := range heads {
		head, n := strings.CutPrefix(h, "#")
		cs = append(cs, column{head, n})
	}
	return cs
}

// plain is text from anywhere.
func plain(s string) []span { return []span{{Text: oneLine(s)}} }

// prose is text of this package, with code between backquotes.
func prose(s string) []span {
	var spans []span
	for i, part := range strings.Split(s, "`") {
		if part != "" {
			spans = append(spans, span{part, i%2 == 1})
		}
	}
	return spans
}

func lines(raw []string) [][]span {
	var all [][]span
	for _, s := range raw {
		all = append(all, plain(or(s)))
	}
	return all
}

func stageName(s history.StageRun) string { return or(s.ID + " " + s.Name) }

// named finds a figure; a run without stages has none.
func named(all []figure.Figure, name string) []block {
	for _, f := range all {
		if f.Name == name {
			return []block{{Figure: &f}}
		}
	}
	return nil
}
