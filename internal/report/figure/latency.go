package figure

import (
	"figlab/internal/history"
	"strings"
)

// A quantile is one line of the latency figure: its shape tells it apart without its colour.
type quantile struct {
	name   string
	stroke string
	fill   string
	mark   func(x, y float64) string
	of     func(history.OperationMS) (float64, bool)
}

func quantiles() []quantile {
	return []quantile{
		{"p99", "fl-line fl-sv", "fl-v", diamond, func(o history.OperationMS) (float64, bool) {
			return o.P99, o.Count >= EnoughForP99 && usable(o.P99)
		}},
		{"p95", "fl-line fl-so fl-dash", "fl-fo", square, func(o history.OperationMS) (float64, bool) {
			return o.P95, o.Count > 0 && usable(o.P95)
		}},
		{"p50", "fl-line fl-sa fl-dot", "fl-a", circle, func(o history.OperationMS) (float64, bool) {
			return o.P50, o.Count > 0 && usable(o.P50)
		}},
	}
}

// Latency draws p50, p95 and p99 of the main operations per stage, side by side on one scale.
func Latency(r history.Run) Figure {
	const panel, left, gap, plot = 290.0, 64.0, 22.0, 250.0
	title := "How long clients waited, stage by stage"
	c := &canvas{width: left + 3*panel + 2*gap + 20}
	top := c.heading(title, "Latency in ms from the scheduled arrival to the last byte, steady phase, no fault. Lower is better.")
	legendQuantiles(c, left, top+8)
	top += 50
	a := newAxis(latencies(r), top, top+plot, true)
	scale := "latency in ms (linear)"
	if a.log {
		scale = "latency in ms (logarithmic)"
	}
	c.upright("fl-t fl-s fl-m fl-c", 18, top+plot/2, scale)
	bottom := 0.0
	for i, op := range Operations() {
		x := left + float64(i)*(panel+gap)
		c.text("fl-t fl-b", x, top-12, op.Words)
		a.draw(c, x, x+panel, i == 0)
		curves(c, r, op.ID, a, x, panel)
		bottom = underAxis(c, r, x, panel/float64(len(r.Stages)), top+plot)
		c.text("fl-t fl-s fl-m fl-c", x+panel/2, bottom+20, "stage")
	}
	c.height = bottom + 36
	alt := "Three line charts, one for each of product page, search and place order: median, 95th and 99th percentile of the " +
		"latency in ms at each stage."
	return Figure{"latency", title, alt, c.svg("fl-latency", title, alt)}
}

func latencies(r history.Run) []float64 {
	var all []float64
	for _, s := range r.Stages {
		for _, op := range Operations() {
			for _, q := range quantiles() {
				if v, ok := q.of(s.Operations[op.ID]); ok {
					all = append(all, v)
				}
			}
		}
	}
	return all
}

// curves draws the quantiles of one operation. A stage without a value breaks the line: nothing is drawn between two measurements that are
// not neighbours.
func curves(c *canvas, r history.Run, op string, a axis, left, width float64) {
	band := width / float64(len(r.Stages))
	drawn := false
	for _, q := range quantiles() {
		var line, marks strings.Builder
		pen := "M"
		for i, s := range r.Stages {
			v, ok := q.of(s.Operations[op])
			if !ok {
				pen = "M"
				continue
			}
			x, y := left+(float64(i)+0.5)*band, a.at(v)
			line.WriteString(pen + px(x) + " " + px(y))
			marks.WriteString(q.mark(x, y))
			pen, drawn = "L", true
		}
		c.path(q.stroke, line.String())
		c.path(q.fill, marks.String())
	}
	if !drawn {
		c.text("fl-t fl-m fl-c", left+width/2, (a.top+a.bottom)/2, "not measured")
	}
}

func legendQuantiles(c *canvas, x, y float64) {
	for _, q := range quantiles() {
		c.path(q.stroke, "M"+px(x)+" "+px(y)+"h34")
		c.path(q.fill, q.mark(x+17, y))
		c.text("fl-t", x+42, y+4, q.name)
		x += 100
	}
	c.text("fl-t fl-s fl-m", x, y+4, "no mark: not measured; p99 only from 100 requests on")
}

func circle(x, y float64) string {
	return "M" + px(x-4) + " " + px(y) + "a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"
}

func square(x, y float64) string { return box(x-3.5, y-3.5, 7, 7) }

func diamond(x, y float64) string {
	return "M" + px(x-5) + " " + px(y) + "l5 -5l5 5l-5 5z"
}
