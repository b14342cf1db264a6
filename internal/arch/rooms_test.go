package arch

import "strings"

// A room is a folder with its own import rule. A * stands for a capability's name, the same one on both sides of a rule.
type room struct {
	path string
	may  []string // what of ours it may import: exact, or a prefix when it ends in /
	why  string
}

// rooms is the table of the house; for a package the longest matching path counts.
func rooms() []room {
	return []room{
		{"shop", nil, "the kernel imports nothing of ours"},
		{"shop/*", []string{"shop"}, "rules are pure and do not know their siblings"},
		{"api", []string{"api/"}, "the contract knows no implementation"},

		{"monolith", []string{"shop", "shop/", "api/", "monolith/", ground}, "the composition of one house"},
		{"monolith/*", []string{"shop", "shop/", "api/", "monolith/", "internal/process"}, "one codebase: capabilities may call one another"},
		{"monolith/platform", []string{"shop", "api/", "monolith/platform/", ground}, "the ground of one house"},

		{"microservices", []string{"shop", "api/", "microservices/", ground}, "the composition of one house"},
		{"microservices/*", []string{"shop", "shop/*", "api/", "microservices/platform/", ground}, "services meet over the wire only"},
		{"microservices/platform", []string{"shop", "api/", "microservices/platform/", ground}, "the ground of one house"},

		{"strangler", []string{"shop", "api/", "strangler/", ground}, "the composition of the way between the houses"},
		{"strangler/*", []string{"shop", "api/", "strangler/platform/", "internal/strict"}, "the strangler knows contracts, not implementations"},
		{"strangler/platform", []string{"shop", "api/", "strangler/platform/", "internal/strict", ground}, "the strangler knows contracts, not implementations"},

		{"chaos", []string{"chaos/", "shop", "shop/", "internal/topology", "internal/history"}, "chaos acts on links and processes by name"},
		{"bench", []string{"bench/", "shop", "shop/", "api/", "internal/topology", "internal/history"}, "load reaches the system over HTTP only"},
		{"scenarios", []string{"internal/topology", "internal/strict"}, "data and its grammar"},

		{"internal/topology", nil, "a value"},
		{"internal/history", nil, "a value"},
		{"internal/strict", nil, "a grammar"},
		{"internal/process", []string{"shop"}, "how a program begins and ends; it knows no shop"},
		{"internal/bus", []string{"internal/process"}, "the door to the broker; it carries bytes"},
		{"internal/registry", []string{"internal/bus", "internal/process"}, "who runs where"},
		{"internal/identity", nil, "who a process is towards the others of its run"},
		{"internal/partner", []string{"api/", "internal/process"}, "other companies: they know their own contract"},
		{"internal/engine", []string{"internal/engine/", "internal/topology", "internal/process"}, "engines start processes; they know no shop"},
		{"internal/report", []string{"internal/report/", "internal/history", "internal/topology"}, "reporters read finished values"},
		{"internal/lab", []string{"scenarios", "chaos/", "bench/", "api/", "shop", "shop/", "internal/"}, "the runner drives the houses over the wire"},
		{"internal/arch", []string{"shop"}, "the rules themselves"},

		{"cmd/figlab", []string{"scenarios", "chaos/", "bench/", "internal/"}, "flags and one call each"},
		{"cmd/figshop", []string{"monolith", "microservices", "strangler", "internal/partner/", "internal/bus", "internal/identity", "internal/process"}, "flags and one call each"},
		{"cmd/figload", []string{"bench/load/"}, "flags and one call"},
	}
}

// ground is what every house stands on.
const ground = "internal/ground"

// grounds spells ground out: the parts of internal that belong to no house.
func grounds() []string {
	return []string{"internal/process", "internal/bus", "internal/registry", "internal/identity"}
}

// pure lists the standard packages a rule may use: nothing with I/O, a clock or randomness in it. Package time is allowed for its types;
// the linter forbids its clock.
func pure() []string {
	return []string{"cmp", "errors", "fmt", "iter", "maps", "math", "math/bits", "slices", "strconv", "strings", "time", "unicode", "unicode/utf8"}
}

// allows says whether a package in the room may import to.
func (r room) allows(to, capability string) bool {
	for _, m := range r.may {
		m = strings.ReplaceAll(m, "*", capability)
		switch {
		case m == ground:
			for _, g := range grounds() {
				if to == g || strings.HasPrefix(to, g+"/") {
					return true
				}
			}
		case strings.HasSuffix(m, "/"):
			if strings.HasPrefix(to, m) || to == strings.TrimSuffix(m, "/") {
				return true
			}
		case to == m:
			return true
		}
	}
	return strings.HasPrefix(to, r.self(capability)+"/")
}

// self is the room's own path, whose sub-packages it may always import unless it is a whole house or the kernel.
func (r room) self(capability string) string {
	switch r.path {
	case "shop", "monolith", "microservices", "strangler":
		return "\x00"
	}
	return strings.ReplaceAll(r.path, "*", capability)
}
