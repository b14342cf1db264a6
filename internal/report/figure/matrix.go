package figure

import (
	"figlab/internal/history"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// mostCells bounds the matrix: a larger one is not read, and would be too heavy. The table has all faults.
const mostCells = 360

// Matrix draws the availability clients saw under each fault at each stage: the answer to "where does it break?".
func Matrix(r history.Run) Figure {
	const row, top0 = 40.0, 30.0
	title := "What clients could still do while something was broken"
	rows := faultRows(r)
	left := math.Ceil(labelWidth(rows))
	band := math.Floor(min(max(720/float64(len(r.Stages)), 52), 200))
	c := &canvas{width: max(left+band*float64(len(r.Stages))+20, 760)}
	top := c.heading(title, "Availability in % of the scheduled requests, while the fault (row) acted at the stage (column). "+
		"Higher is better.")
	top = legendMatrix(c, top) + top0
	shown := rows[:min(len(rows), mostCells/len(r.Stages))]
	cells(c, r, shown, box4{left, top, band, row})
	bottom := underAxis(c, r, left, band, top+float64(len(shown))*row)
	c.text("fl-t fl-s fl-m fl-e", left-12, top+float64(len(shown))*row+17, "stage")
	if len(shown) < len(rows) {
		bottom += 22
		c.text("fl-t fl-s fl-m", left, bottom, fmt.Sprintf("%d more faults are in the table", len(rows)-len(shown)))
	}
	c.height = bottom + 20
	alt := "A matrix of faults by stages: the share of scheduled requests that were answered well while the fault acted, and the " +
		"verdict where it is not pass."
	return Figure{"availability", title, alt, c.svg("fl-availability", title, alt)}
}

// bins of availability, from the best: at least from percent. On says whether light or dark text is read on it.
func bins() []struct {
	from      float64
	class, on string
	words     string
} {
	return []struct {
		from      float64
		class, on string
		words     string
	}{
		{99.9, "fl-q0", "fl-w", "≥ 99.9"},
		{99, "fl-q1", "fl-k", "≥ 99"},
		{95, "fl-q2", "fl-k", "≥ 95"},
		{80, "fl-q3", "fl-k", "≥ 80"},
		{50, "fl-q4", "fl-k", "≥ 50"},
		{math.Inf(-1), "fl-q5", "fl-w", "< 50"},
	}
}

func legendMatrix(c *canvas, y float64) float64 {
	x := 20.0
	for _, b := range bins() {
		c.rect(b.class, x, y, 14, 14)
		c.text("fl-t fl-s", x+19, y+11, b.words)
		x += 70
	}
	c.rect("fl-open", x, y, 14, 14)
	c.text("fl-t fl-s", x+19, y+11, "? inconclusive")
	x += 116
	c.rect("fl-bad", x+1, y+1, 12, 12)
	c.text("fl-t fl-s", x+19, y+11, "expectation missed")
	c.text("fl-t fl-s", x+152, y+11, "– not run")
	return y + 14
}

// A faultRow is a fault as it is compared between stages.
type faultRow struct{ id, link string } // link is empty where the id alone is unique at every stage

func (f faultRow) words() string {
	if f.link == "" {
		return f.id
	}
	return f.id + " " + f.link
}

// faultRows lists the faults in the order in which they first appear.
func faultRows(r history.Run) []faultRow {
	twice := map[string]bool{}
	for _, s := range r.Stages {
		here := map[string]bool{}
		for _, f := range s.Faults {
			twice[f.ID] = twice[f.ID] || here[f.ID]
			here[f.ID] = true
		}
	}
	var rows []faultRow
	for _, s := range r.Stages {
		for _, f := range s.Faults {
			row := faultRow{id: f.ID}
			if twice[f.ID] {
				row.link = f.Link
			}
			if !slices.Contains(rows, row) {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

func (f faultRow) at(s history.StageRun) (history.FaultRun, bool) {
	for _, g := range s.Faults {
		if g.ID == f.id && (f.link == "" || g.Link == f.link) {
			return g, true
		}
	}
	return history.FaultRun{}, false
}

func labelWidth(rows []faultRow) float64 {
	w := 120.0
	for _, f := range rows {
		w = max(w, textWidth(f.words(), 12)+32)
	}
	return min(w, 330)
}

// cells draws the matrix; first is the box of its first cell.
func cells(c *canvas, r history.Run, rows []faultRow, first box4) {
	boxes, words := newInk(), newInk()
	for i, f := range rows {
		y := first.y + float64(i)*first.h + 2
		middle := y + first.h/2 + 2
		c.text("fl-t fl-e", first.x-12, middle, clip(f.words(), first.x-32, 12))
		for j, s := range r.Stages {
			x := math.Round(first.x + float64(j)*first.w + 2)
			g, ran := f.at(s)
			l := lookOf(g, ran)
			boxes.add(l.class, box(x, y, first.w-4, first.h-4))
			if l.bad {
				boxes.add("fl-bad", box(x, y, first.w-4, first.h-4))
			}
			line := middle
			if l.word != "" {
				line = y + 16
				words.add(fmt.Sprintf(`class="fl-t fl-s fl-c %s" y="%s"`, l.on, px(y+29)), column(x+first.w/2-2, l.word))
			}
			words.add(fmt.Sprintf(`class="fl-t fl-b fl-c %s" y="%s"`, l.on, px(line)), column(x+first.w/2-2, l.number))
		}
	}
	boxes.each(c.path)
	words.each(func(look, spans string) { fmt.Fprintf(&c.body, "<text %s>%s</text>\n", look, spans) })
}

func column(x float64, s string) string { return `<tspan x="` + px(x) + `">` + escape(s) + "</tspan>" }

// ink collects what is drawn alike, so that it is one element: a matrix has hundreds of cells, and the file shall stay small.
type ink struct {
	order []string
	drawn map[string]string
}

func newInk() *ink { return &ink{drawn: map[string]string{}} }

func (k *ink) add(look, what string) {
	if k.drawn[look] == "" {
		k.order = append(k.order, look)
	}
	k.drawn[look] += what
}

// each draws frames last: they lie on the boxes.
func (k *ink) each(draw func(look, what string)) {
	for _, look := range k.order {
		if look != "fl-bad" {
			draw(look, k.drawn[look])
		}
	}
	if k.drawn["fl-bad"] != "" {
		draw("fl-bad", k.drawn["fl-bad"])
	}
}

// A look is how one cell is shown.
type look struct {
	class, on    string // of the box, and of the text on it
	number, word string
	bad          bool // framed
}

func lookOf(f history.FaultRun, ran bool) look {
	switch {
	case !ran:
		return look{class: "fl-none", on: "fl-m", number: "–"}
	case f.Verdict == history.Violated:
		l := scoreLook(f)
		l.word, l.bad = "violated", true
		return l
	case f.Verdict == history.Missed:
		l := scoreLook(f)
		l.bad = true
		return l
	case f.Verdict != history.Pass: // a score without a conclusion would be read as one
		return look{class: "fl-open", on: "fl-m", number: "?"}
	}
	return scoreLook(f)
}

func scoreLook(f history.FaultRun) look {
	if f.Scored.Scheduled <= 0 || math.IsNaN(f.Score) || math.IsInf(f.Score, 0) {
		return look{class: "fl-open", on: "fl-m", number: "–"}
	}
	for _, b := range bins() {
		if f.Score >= b.from {
			return look{class: b.class, on: b.on, number: floorPercent(f.Score)}
		}
	}
	return look{class: "fl-open", on: "fl-m", number: "–"}
}

// floorPercent rounds down: 99.97 is not 100.
func floorPercent(v float64) string {
	if v >= 100 {
		return "100"
	}
	return strconv.FormatFloat(math.Floor(v*10+1e-9)/10, 'f', 1, 64)
}
