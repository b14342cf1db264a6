package topology_test

import (
	"errors"
	"figlab/internal/topology"
	"slices"
	"strings"
	"testing"
)

// TestOnlyWhatIsBuilt: a stage whose processes do not exist yet is refused, and the refusal names those that can run.
func TestOnlyWhatIsBuilt(t *testing.T) {
	for _, s := range topology.Stages() {
		at, err := topology.At(s.ID)
		var refused topology.ErrStage
		if s.Built && (err != nil || !at.Has(at.Entry)) {
			t.Errorf("stage %s: %v, entry %q is not among its processes", s.ID, err, at.Entry)
		}
		if !s.Built && !errors.As(err, &refused) {
			t.Errorf("stage %s is not built, yet At gives it: %v", s.ID, err)
		}
	}
	if _, err := topology.At("99"); err == nil || !strings.Contains(err.Error(), "want one of 00") {
		t.Errorf("no such stage: %v", err)
	}
}

// TestReadLink: the link to whoever answers the catalog's reads changes its ends as the migration goes on.
func TestReadLink(t *testing.T) {
	for stage, want := range map[string]string{"00": "client->monolith", "01": "strangler->monolith", "03": "strangler->monolith", "05": "strangler->gateway", "14": "gateway->catalog-1"} {
		at, err := topology.At(stage)
		if err != nil {
			t.Fatal(err)
		}
		if l, ok := at.ReadLink("catalog"); !ok || l.ID() != want {
			t.Errorf("stage %s: %v (%v), want %s", stage, l, ok, want)
		}
	}
}

// TestLinksHaveEnds: every link leads from a process that runs, or the client, to one that runs.
func TestLinksHaveEnds(t *testing.T) {
	for _, s := range topology.Stages() {
		at, err := topology.At(s.ID)
		if err != nil {
			continue
		}
		for _, l := range at.Links {
			if !at.Has(l.To) || l.From != topology.Client && !at.Has(l.From) {
				t.Errorf("stage %s: link %s has an end that does not run", s.ID, l.ID())
			}
		}
	}
}

// TestScaled: every instance of a service has links of its own, to every instance of whom it calls.
func TestScaled(t *testing.T) {
	at, err := topology.Scaled("14", map[string]int{"cart": 2, "catalog": 3})
	if err != nil {
		t.Fatal(err)
	}
	if got := at.Instances("catalog"); len(got) != 3 || got[2] != "catalog-3" {
		t.Errorf("three catalogs are %v", got)
	}
	n := 0
	for _, l := range at.Links {
		if strings.HasPrefix(l.From, "cart-") && strings.HasPrefix(l.To, "catalog-") {
			n++
		}
	}
	if n != 6 {
		t.Errorf("two carts and three catalogs have %d links, want 6", n)
	}
}

// TestNoCircle: nobody calls, over however many others, whoever calls them.
func TestNoCircle(t *testing.T) {
	var visit func(role string, way []string)
	visit = func(role string, way []string) {
		if slices.Contains(way, role) {
			t.Fatalf("a circle of calls: %v, %s", way, role)
		}
		for _, to := range topology.Asks()[role] {
			visit(to, append(slices.Clone(way), role))
		}
	}
	visit(topology.Gateway, nil)
}
