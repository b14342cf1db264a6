package wishlist

import (
	_ "embed"
	"figlab/strangler/platform/plan"
)

//go:embed plan.yaml
var source []byte

// Plan returns the plan in plan.yaml.
func Plan() (plan.Plan, error) { return plan.Parse("strangler/wishlist/plan.yaml", source) }
