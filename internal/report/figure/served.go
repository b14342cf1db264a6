package figure

import (
	"figlab/internal/history"
	"strconv"
	"strings"
)

// Served draws who answered: for each capability and stage one bar, the monolith's share from the left, the service's from the right.
func Served(r history.Run) Figure {
	const left, row = 150.0, 30.0
	title := "Who answered: the monolith or a service"
	names := capabilities(r)
	band := min(max(780/float64(len(r.Stages)), 48), 200)
	c := &canvas{width: max(left+band*float64(len(r.Stages))+20, 640)}
	top := c.heading(title, "Share of each capability's answers at each stage; the number is the service's share in %.")
	c.rect("fl-a", left, top-2, 14, 14)
	c.text("fl-t", left+20, top+9, "monolith")
	c.rect("fl-o", left+100, top-2, 14, 14)
	c.text("fl-t", left+120, top+9, "service")
	c.text("fl-t fl-s fl-m", left+200, top+9, "–: not asked")
	top += 26
	var monolith, service, none strings.Builder
	for y, name := range names {
		mid := top + (float64(y)+0.5)*row
		c.text("fl-t fl-e", left-10, mid+4, clip(name, left-20, 12))
		for x, s := range r.Stages {
			servedCell(c, &monolith, &service, &none, s.ServedBy[name], box4{left + float64(x)*band + 2, mid - 11, band - 4, 22})
		}
	}
	body := c.body.String()
	c.body.Reset() // bars first, so that numbers stand on top of them
	c.path("fl-none", none.String())
	c.path("fl-a", monolith.String())
	c.path("fl-o", service.String())
	c.body.WriteString(body)
	axisY := top + float64(len(names))*row
	if len(names) == 0 {
		c.text("fl-t fl-m", left, top+20, "no answer was counted")
		axisY = top + row
	}
	bottom := underAxis(c, r, left, band, axisY)
	c.text("fl-t fl-s fl-m fl-e", left-10, axisY+17, "stage")
	c.height = bottom + 20
	alt := "A grid of bars, capabilities by stages: which share of the answers came from the monolith and which from the " +
		"capability's service."
	return Figure{"served", title, alt, c.svg("fl-served", title, alt)}
}

// box4 is a rectangle: left, top, width, height.
type box4 struct{ x, y, w, h float64 }

func servedCell(c *canvas, monolith, service, none *strings.Builder, s history.Served, at box4) {
	all := s.Monolith + s.Service
	middle := at.x + at.w/2
	if all <= 0 || s.Monolith < 0 || s.Service < 0 {
		none.WriteString(box(at.x, at.y, at.w, at.h))
		c.text("fl-t fl-m fl-c", middle, at.y+15, "–")
		return
	}
	share := float64(s.Service) / float64(all)
	if share < 1 {
		monolith.WriteString(box(at.x, at.y, at.w*(1-share), at.h))
	}
	if share > 0 {
		service.WriteString(box(at.x+at.w*(1-share), at.y, at.w*share, at.h))
	}
	words, class := sharePercent(s.Service, all), "fl-t fl-c fl-b fl-k"
	switch {
	case share < 1-share: // stands on the monolith's side, which is the darker one
		c.text("fl-t fl-c fl-b fl-on", at.x+at.w*(1-share)/2, at.y+15, words)
	default:
		c.text(class, at.x+at.w-at.w*share/2, at.y+15, words)
	}
}

// sharePercent prints a share so that only all is 100 and only nothing is 0.
func sharePercent(part, all int64) string {
	p := 100 * float64(part) / float64(all)
	switch {
	case part > 0 && p < 1:
		return "<1"
	case part < all && p > 99:
		return ">99"
	}
	return strconv.FormatFloat(p, 'f', 0, 64)
}
