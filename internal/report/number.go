package report

import (
	"figlab/internal/history"
	"figlab/internal/report/figure"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// none stands for what was not measured, or what so few samples cannot say.
const none = "–"

// finite says that v is a number at all.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// number prints three significant digits, thousands with a comma and never an exponent.
func number(v float64) string {
	if !finite(v) {
		return none
	}
	digits := 0
	if a := math.Abs(v); a > 0 && a < 100 {
		digits = min(2-int(math.Floor(math.Log10(a))), 4)
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if a := math.Abs(v); a > 0 && a < 0.0001 {
		s = strconv.FormatFloat(v, 'g', 3, 64)
	}
	if whole, fraction, cut := strings.Cut(s, "."); cut {
		if fraction = strings.TrimRight(fraction, "0"); fraction == "" {
			return thousands(whole)
		}
		return thousands(whole) + "." + fraction
	}
	return thousands(s)
}

// fixed prints v with a fixed number of digits after the point.
func fixed(v float64, digits int) string {
	if !finite(v) {
		return none
	}
	whole, fraction, cut := strings.Cut(strconv.FormatFloat(v, 'f', digits, 64), ".")
	if !cut {
		return thousands(whole)
	}
	return thousands(whole) + "." + fraction
}

// ms prints milliseconds: two digits below 10, one below 100, none above. Nothing takes no time at all, so 0 was not measured.
func ms(v float64) string {
	switch {
	case v <= 0 || !finite(v):
		return none
	case v < 9.995:
		return fixed(v, 2)
	case v < 99.95:
		return fixed(v, 1)
	}
	return fixed(v, 0)
}

// msOf prints a latency of n samples.
func msOf(n int64, v float64) string {
	if n <= 0 {
		return none
	}
	return ms(v)
}

// p99Of prints a 99th percentile, which fewer than a hundred samples do not have.
func p99Of(n int64, v float64) string {
	if n < figure.EnoughForP99 {
		return none
	}
	return ms(v)
}

// measured prints a cost with a fixed number of digits; 0 means that the platform does not tell.
func measured(v float64, digits int) string {
	if v <= 0 {
		return none
	}
	return fixed(v, digits)
}

// percent rounds down, so that only everything is 100: 99.996 is 99.99.
func percent(v float64) string {
	switch {
	case !finite(v):
		return none
	case v >= 100:
		return "100"
	case v > 0 && v < 0.01:
		return "<0.01"
	}
	return strconv.FormatFloat(math.Floor(v*100+1e-9)/100, 'f', 2, 64)
}

// availability of a fault; without a request there is none.
func availability(f history.FaultRun) string {
	if f.Scored.Scheduled <= 0 {
		return none
	}
	return percent(f.Score)
}

func count(n int64) string { return thousands(strconv.FormatInt(n, 10)) }

func thousands(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	if strings.Trim(s, "0123456789") != "" {
		return sign + s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

func yes(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}

// when prints a time in UTC, or nothing where there is none.
func when(t time.Time) string {
	if t.IsZero() {
		return none
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// lasted prints a duration given in milliseconds.
func lasted(v float64) string {
	if v <= 0 || !finite(v) {
		return none
	}
	d := time.Duration(v * float64(time.Millisecond))
	if d >= time.Minute {
		return d.Round(time.Second).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

// or prints s, or the sign for nothing.
func or(s string) string {
	if s = oneLine(s); s == "" {
		return none
	}
	return s
}

// oneLine makes text from outside fit for one line of any format: white space becomes one space, control and direction characters go.
func oneLine(s string) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == unicode.ReplacementChar || c&0xFFFE == 0xFFFE:
			return -1
		}
		return c
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
