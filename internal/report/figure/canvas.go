package figure

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A canvas collects the body of one SVG. Coordinates are pixels from the top left.
type canvas struct {
	width  float64
	height float64
	body   strings.Builder
}

// px prints a coordinate with one decimal at most: the eye sees no more, and files stay small.
func px(v float64) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0")
}

func (c *canvas) rect(class string, x, y, w, h float64) {
	fmt.Fprintf(&c.body, "<rect class=\"%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"/>\n", class, px(x), px(y), px(w), px(h))
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	c.path(class, "M"+px(x1)+" "+px(y1)+"L"+px(x2)+" "+px(y2))
}

func (c *canvas) path(class, d string) {
	if d != "" {
		fmt.Fprintf(&c.body, "<path class=\"%s\" d=\"%s\"/>\n", class, d)
	}
}

// text writes s; class says size, weight and anchor, see style.
func (c *canvas) text(class string, x, y float64, s string) {
	if s == "" {
		return
	}
	fmt.Fprintf(&c.body, "<text class=\"%s\" x=\"%s\" y=\"%s\">%s</text>\n", class, px(x), px(y), escape(s))
}

// upright writes s along a vertical axis, centred at x, y.
func (c *canvas) upright(class string, x, y float64, s string) {
	fmt.Fprintf(&c.body, "<text class=\"%s\" transform=\"translate(%s %s)rotate(-90)\">%s</text>\n", class, px(x), px(y), escape(s))
}

// svg closes the drawing. The title and the description are what a screen reader says.
func (c *canvas) svg(id, title, description string) string {
	var b strings.Builder
	w, h := px(c.width), px(c.height)
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %s %s\" width=\"%s\" height=\"%s\"", w, h, w, h)
	fmt.Fprintf(&b, " role=\"img\" aria-labelledby=\"%s-t %s-d\">\n", id, id)
	fmt.Fprintf(&b, "<title id=\"%s-t\">%s</title>\n<desc id=\"%s-d\">%s</desc>\n", id, escape(title), id, escape(description))
	b.WriteString("<style>" + style() + "</style>\n")
	fmt.Fprintf(&b, "<rect class=\"fl-bg\" width=\"%s\" height=\"%s\" rx=\"6\"/>\n", w, h)
	b.WriteString(c.body.String())
	b.WriteString("</svg>\n")
	return b.String()
}

// heading writes title and explanation at the top, widens the canvas until they fit, and returns where the drawing may begin.
func (c *canvas) heading(title, explanation string) float64 {
	c.width = math.Ceil(max(c.width, textWidth(title, 16)+40, textWidth(explanation, 12)+40))
	c.text("fl-t fl-h", 20, 30, title)
	c.text("fl-t fl-m", 20, 50, explanation)
	return 68
}

// box is the piece of a path that covers a rectangle: many rectangles of one colour are one path.
func box(x, y, w, h float64) string {
	return "M" + px(x) + " " + px(y) + "h" + px(w) + "v" + px(h) + "h" + px(-w) + "z"
}

// escape makes s safe inside an element or an attribute; what XML forbids becomes U+FFFD.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder never fails
	return b.String()
}

// textWidth is an upper estimate: fonts differ between machines, and text must not overlap on any.
func textWidth(s string, size float64) float64 {
	return float64(utf8.RuneCountInString(s)) * size * 0.6
}

// clip shortens s until it fits a width.
func clip(s string, width, size float64) string {
	if textWidth(s, size) <= width {
		return s
	}
	keep := max(int(width/(size*0.6))-1, 0)
	return string([]rune(s)[:keep]) + "…"
}
