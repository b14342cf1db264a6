package report

import (
	"figlab/internal/history"
	"math"
	"testing"
)

func TestNumbers(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct{ what, got, want string }{
		{"small ms", ms(1.874), "1.87"},
		{"ms before 10", ms(9.996), "10.0"},
		{"ms before 100", ms(99.96), "100"},
		{"large ms", ms(12345.6), "12,346"},
		{"no ms", ms(0), none},
		{"ms that are none", ms(nan), none},
		{"p99 of 99", p99Of(99, 5), none},
		{"p99 of 100", p99Of(100, 5), "5.00"},
		{"latency of nothing", msOf(0, 5), none},
		{"almost all", percent(99.996), "99.99"},
		{"all", percent(100), "100"},
		{"exactly", percent(99.99), "99.99"},
		{"hardly any", percent(0.001), "<0.01"},
		{"nothing at all", percent(0), "0.00"},
		{"percent of none", percent(nan), none},
		{"availability of nobody", availability(history.FaultRun{Score: 100}), none},
		{"count", count(-1234567), "-1,234,567"},
		{"count below a thousand", count(999), "999"},
		{"number", number(1234.5), "1,234"},
		{"small number", number(0.01234), "0.0123"},
		{"tiny number", number(0.00001234), "1.23e-05"},
		{"round number", number(200), "200"},
		{"infinite", number(inf), none},
		{"fixed", fixed(1234.5, 1), "1,234.5"},
		{"not measured", measured(0, 1), none},
		{"a long time", lasted(184_321), "3m4s"},
		{"a short time", lasted(2345), "2.3s"},
		{"one line", oneLine(" a\n\tb\x00\x1b[31m \u202e\r\n"), "a b[31m"},
		{"verdict nobody gave", known(""), history.Inconclusive},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, c.got, c.want)
		}
	}
}

// TestMarkStart fails when text at the start of a line begins a list.
func TestMarkStart(t *testing.T) {
	for in, want := range map[string]string{
		"- a": `\- a`, "1. a": `1\. a`, "12) a": `12\) a`, "1.5 s": "1.5 s", "stage 05": "stage 05", "": "", "+": `\+`, "7": "7",
	} {
		if got := markStart(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
