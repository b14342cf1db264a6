package plan_test

import (
	"figlab/api/contract"
	"figlab/strangler/platform/plan"
	"strings"
	"testing"
)

const good = `
capability: catalog
stage: "05"
reads: [getProduct]
writes: [createProduct]
shift:
  steps: [100, 10000]
  timeout: 2s
  fallback: monolith
  feed: {events: [shop.catalog.product-changed], chunk: 500}
`

func TestParse(t *testing.T) {
	p, err := plan.Parse("plan.yaml", []byte(good))
	if err != nil || p.Shift.Feed.Chunk != 500 || !p.Shift.Falls() {
		t.Fatalf("got %+v, %v", p, err)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"typo":     {"timeout", "timout", `plan.yaml:8: unknown key "timout" (did you mean "timeout"?)`},
		"stage":    {`"05"`, `"5"`, `plan.yaml:3: stage "5": want two digits`},
		"falling":  {"[100, 10000]", "[5000, 100]", "plan.yaml:7: steps [5000 100]"},
		"half way": {"[100, 10000]", "[100, 200]", "plan.yaml:7: steps [100 200]"},
		"timeout":  {"2s", "2h", "plan.yaml:8: timeout 2h0m0s: want 10ms to 30s"},
		"fallback": {"fallback: monolith", "fallback: cache", `plan.yaml:9: fallback "cache": want monolith or none`},
		"chunk":    {"500", "5000", "plan.yaml:10: chunk 5000"},
		"events":   {"[shop.catalog.product-changed]", "[]", "plan.yaml:10: no events"},
	} {
		_, err := plan.Parse("plan.yaml", []byte(strings.Replace(good, c.from, c.to, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func TestCover(t *testing.T) {
	operations := []contract.Operation{
		{ID: "getProduct", Capability: "catalog", Method: "GET"}, {ID: "createProduct", Capability: "catalog", Method: "POST"},
	}
	whole := plan.Plan{Capability: "catalog", Reads: []string{"getProduct"}, Writes: []string{"createProduct"}}
	if err := plan.Cover([]plan.Plan{whole}, operations); err != nil {
		t.Errorf("a plan that covers the contract: %v", err)
	}
	for want, p := range map[string]plan.Plan{
		"createProduct belongs to the writes":   {Capability: "catalog", Reads: []string{"getProduct", "createProduct"}},
		"getProduct belongs to the reads":       {Capability: "catalog", Writes: []string{"createProduct"}},
		"the contract has no operation getMoon": {Capability: "catalog", Reads: []string{"getProduct", "getMoon"}, Writes: whole.Writes},
		"getProduct stands in two places":       {Capability: "catalog", Reads: []string{"getProduct", "getProduct"}, Writes: whole.Writes},
	} {
		if err := plan.Cover([]plan.Plan{p}, operations); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
