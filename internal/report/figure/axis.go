package figure

import (
	"math"
	"strconv"
)

// An axis maps values to pixels, upwards.
type axis struct {
	low, high   float64 // values
	top, bottom float64 // pixels
	log         bool
	ticks       []float64
}

// logFrom is the ratio of the largest to the smallest value from which a linear axis would hide the small ones.
const logFrom = 20

// newAxis fits an axis to the usable values. Linear axes begin at 0, so that heights may be compared.
func newAxis(values []float64, top, bottom float64, logAllowed bool) axis {
	low, high := math.Inf(1), 0.0
	for _, v := range values {
		if usable(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	if high == 0 {
		return axis{low: 0, high: 1, top: top, bottom: bottom, ticks: []float64{0, 1}}
	}
	if logAllowed && high/low >= logFrom {
		return logAxis(low, high, top, bottom)
	}
	step := niceStep(high / 4)
	a := axis{low: 0, high: math.Ceil(high*1.02/step) * step, top: top, bottom: bottom}
	for i := 0; float64(i)*step <= a.high*1.0001; i++ {
		a.ticks = append(a.ticks, float64(i)*step)
	}
	return a
}

func logAxis(low, high, top, bottom float64) axis {
	first, last := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	steps := []float64{1, 2, 5}
	if last-first > 3 {
		steps = []float64{1}
	}
	a := axis{top: top, bottom: bottom, log: true}
	for e := first; e <= last; e++ {
		for _, m := range steps {
			a.ticks = append(a.ticks, m*math.Pow(10, e))
		}
	}
	// The outermost ticks that still enclose every value.
	for len(a.ticks) > 1 && a.ticks[1] <= low {
		a.ticks = a.ticks[1:]
	}
	for len(a.ticks) > 1 && a.ticks[len(a.ticks)-2] >= high {
		a.ticks = a.ticks[:len(a.ticks)-1]
	}
	a.low, a.high = a.ticks[0], a.ticks[len(a.ticks)-1]
	return a
}

// niceStep is the smallest of 1, 2 or 5 times a power of ten that is not below v.
func niceStep(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if v <= m*p*1.0001 {
			return m * p
		}
	}
	return 10 * p
}

// at is the pixel of a value.
func (a axis) at(v float64) float64 {
	share := (v - a.low) / (a.high - a.low)
	if a.log {
		share = (math.Log(v) - math.Log(a.low)) / (math.Log(a.high) - math.Log(a.low))
	}
	return a.bottom - share*(a.bottom-a.top)
}

// draw rules the grid from left to right; numbers stand left of it where wanted.
func (a axis) draw(c *canvas, left, right float64, numbers bool) {
	for _, t := range a.ticks {
		y := a.at(t)
		c.line("fl-grid", left, y, right, y)
		if numbers {
			c.text("fl-t fl-s fl-m fl-e", left-6, y+4, short(t))
		}
	}
	c.line("fl-axis", left, a.bottom, right, a.bottom)
}

// short prints a number with three significant digits and no exponent.
func short(v float64) string {
	digits := 0
	if v != 0 {
		digits = max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	}
	s := strconv.FormatFloat(v, 'f', min(digits, 6), 64)
	if digits == 0 {
		return s
	}
	for s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	if s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	return s
}
