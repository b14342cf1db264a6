package figure

import "figlab/internal/history"

// Cost draws what each stage costs: CPU per thousand requests, and memory that no other process shares.
func Cost(r history.Run) Figure {
	const panel, left, gap, plot = 440.0, 64.0, 76.0, 220.0
	title := "What each stage costs"
	c := &canvas{width: left + 2*panel + gap + 20}
	top := c.heading(title, "All processes of the shop together, steady phase. The load generator and the lab are not counted. "+
		"Lower is better.") + 36
	bottom := 0.0
	for i, p := range []struct {
		words, class string
		of           func(history.Cost) float64
	}{
		{"CPU seconds per 1,000 requests", "fl-a", func(c history.Cost) float64 { return c.CPUSecondsPer1k }},
		{"Private memory in MB", "fl-o", func(c history.Cost) float64 { return c.PrivateMB }},
	} {
		x := left + float64(i)*(panel+gap)
		var values []float64
		for _, s := range r.Stages {
			values = append(values, p.of(s.Cost))
		}
		a := newAxis(values, top, top+plot, false)
		c.text("fl-t fl-b", x, top-18, p.words)
		a.draw(c, x, x+panel, true)
		bars(c, values, a, p.class, x, panel)
		bottom = underAxis(c, r, x, panel/float64(len(values)), top+plot)
		c.text("fl-t fl-s fl-m fl-c", x+panel/2, bottom+20, "stage")
	}
	c.height = bottom + 36
	alt := "Two bar charts: CPU seconds per 1,000 requests and private memory in MB at each stage, over all processes of the shop."
	return Figure{"cost", title, alt, c.svg("fl-cost", title, alt)}
}

func bars(c *canvas, values []float64, a axis, class string, left, width float64) {
	band := width / float64(len(values))
	w := min(band*0.7, 60)
	for i, v := range values {
		middle := left + (float64(i)+0.5)*band
		if !usable(v) {
			c.text("fl-t fl-m fl-c", middle, a.bottom-6, "–")
			continue
		}
		y := a.at(v)
		c.rect(class, middle-w/2, y, w, a.bottom-y)
		if textWidth(short(v), 11) <= band {
			c.text("fl-t fl-s fl-c", middle, y-5, short(v))
		}
	}
}
