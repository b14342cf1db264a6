package strangler_test

import (
	"figlab/api/contract"
	"figlab/strangler"
	"figlab/strangler/platform/plan"
	"testing"
)

// TestPlansCoverTheContract: every operation stands in the plan of its capability, and in no other.
func TestPlansCoverTheContract(t *testing.T) {
	plans, err := strangler.Plans()
	if err != nil {
		t.Fatal(err)
	}
	operations, err := contract.Operations()
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Cover(plans, operations); err != nil {
		t.Error(err)
	}
	for i := 1; i < len(plans); i++ {
		if plans[i-1].Stage >= plans[i].Stage {
			t.Errorf("%s (stage %s) stands before %s (stage %s)", plans[i-1].Capability, plans[i-1].Stage, plans[i].Capability, plans[i].Stage)
		}
	}
}
