package microservices_test

import (
	"cmp"
	"figlab/internal/topology"
	"figlab/microservices"
	"figlab/microservices/platform/call"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the table of calls in the docs")

// TestDeclared: what the services declare is what the topology knows, so every declared call has a link, and no link is without a call;
// nobody calls anybody in a circle, over however many others; every policy makes sense.
func TestDeclared(t *testing.T) {
	asks, declared := topology.Asks(), microservices.Calls()
	if !slices.Equal(slices.Sorted(maps.Keys(asks)), slices.Sorted(maps.Keys(declared))) {
		t.Fatalf("the topology knows %v, declared are %v", slices.Sorted(maps.Keys(asks)), slices.Sorted(maps.Keys(declared)))
	}
	for from, policies := range declared {
		var to []string
		for _, p := range policies {
			to = append(to, p.To)
			if err := p.Validate(); err != nil {
				t.Errorf("%s to %s: %v", from, p.To, err)
			}
			if p.Why == "" {
				t.Errorf("%s does not say why it calls %s", from, p.To)
			}
		}
		if from != "user" { // the host asks it for the keys of session tokens, for every other process
			to = append(to, "user")
		}
		slices.Sort(to)
		if want := slices.Sorted(slices.Values(asks[from])); !slices.Equal(slices.Compact(to), want) {
			t.Errorf("%s declares calls to %v, the topology has links to %v", from, to, want)
		}
	}
	for from := range declared {
		if circle := circleFrom(declared, from, nil); circle != nil {
			t.Errorf("a circle of calls: %s", strings.Join(circle, " > "))
		}
	}
}

// circleFrom returns a way of calls that comes back to where it has been.
func circleFrom(declared map[string][]call.Policy, at string, way []string) []string {
	if slices.Contains(way, at) {
		return append(way, at)
	}
	for _, p := range declared[at] {
		if circle := circleFrom(declared, p.To, append(slices.Clone(way), at)); circle != nil {
			return circle
		}
	}
	return nil
}

// TestCirclesAreFound proves that one would be.
func TestCirclesAreFound(t *testing.T) {
	to := func(names ...string) (all []call.Policy) {
		for _, n := range names {
			all = append(all, call.Policy{To: n})
		}
		return all
	}
	if c := circleFrom(map[string][]call.Policy{"a": to("b"), "b": to("c", "d"), "d": to("a")}, "a", nil); strings.Join(c, "") != "abda" {
		t.Errorf("found %v, want a > b > d > a", c)
	}
}

const docs = "../docs/reference/services.md"

// TestDocumented: the table in the docs says what is declared.
func TestDocumented(t *testing.T) {
	b, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "checks this table -->\n", "<!-- /calls -->"
	before, rest, ok := strings.Cut(string(b), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table of calls", docs)
	}
	want := before + begin + table() + end + after
	if want == string(b) {
		return
	}
	if !*update {
		t.Fatalf("the table of calls in %s is not what is declared: go test ./microservices -run Documented -update rewrites it", docs)
	}
	if err := os.WriteFile(docs, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("\n| who | asks | for | within | tries | at once | hedged after | else |\n|---|---|---|---:|---:|---:|---:|---|\n")
	declared := microservices.Calls()
	for _, from := range append([]string{topology.Gateway}, topology.Capabilities()...) {
		byName := func(a, b call.Policy) int { return cmp.Or(cmp.Compare(a.To, b.To), cmp.Compare(a.Why, b.Why)) }
		for _, p := range slices.SortedFunc(slices.Values(declared[from]), byName) {
			tries, once, hedge, otherwise := max(p.Attempts, 1), p.Bulkhead, "", "it fails"
			if once == 0 {
				once = 64
			}
			if p.Hedge > 0 {
				hedge = p.Hedge.Round(time.Millisecond).String()
			}
			if p.Fallback != "" {
				otherwise = p.Fallback
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %d | %d | %s | %s |\n", from, p.To, p.Why, p.Timeout, tries, once, hedge, otherwise)
		}
	}
	b.WriteString("\n")
	return b.String()
}
