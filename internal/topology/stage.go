package topology

import "slices"

// A Stage is a state the whole system can rest in, be measured in and be rolled back from.
type Stage struct {
	ID    string // two digits
	Name  string // the capability that moves, or what is new
	Built bool   // its processes exist, so an engine can start it
}

// Stages returns all of them, in order.
func Stages() []Stage {
	return []Stage{
		{"00", "monolith", true},
		{"01", "facade", true},
		{"02", "notification", false},
		{"03", "search", true},
		{"04", "recommendation", false},
		{"05", "catalog", true},
		{"06", "wishlist", false},
		{"07", "user", false},
		{"08", "cart", false},
		{"09", "logistics", false},
		{"10", "warehouse", false},
		{"11", "payment", false},
		{"12", "orderprocessing", false},
		{"13", "ordertaking", false},
		{"14", "microservices", true},
	}
}

// services lists the capabilities that have a service, with the stage that brings it.
func services() []struct{ stage, capability string } {
	return []struct{ stage, capability string }{{"03", "search"}, {"05", "catalog"}}
}

// At returns the shop at a stage, with one instance of each service.
func At(id string) (Topology, error) { return Scaled(id, nil) }

// Scaled returns the shop at a stage, with as many instances of each service as asked for; one where nothing is said. Stages where a
// monolith runs have one instance of everything.
func Scaled(id string, replicas map[string]int) (Topology, error) {
	i := slices.IndexFunc(Stages(), func(s Stage) bool { return s.ID == id && s.Built })
	if i < 0 {
		return Topology{}, ErrStage{id}
	}
	if id == last {
		return microservices(Stages()[i], replicas), nil
	}
	t := Topology{
		Stage:     Stages()[i],
		Entry:     Monolith,
		Processes: []Process{{Provider, Provider}, {Carrier, Carrier}, {Monolith, Monolith}},
		Links:     []Link{{Monolith, Provider, Public}, {Monolith, Carrier, Public}},
		ReadsAt:   everywhere(Monolith),
		WritesAt:  everywhere(Monolith),
	}
	if id == "00" {
		t.Links = append(t.Links, Link{Client, Monolith, Public})
		return t, nil
	}
	t.facade()
	for _, s := range services() {
		if s.stage <= id {
			t.extract(s.capability)
		}
	}
	return t, nil
}

// facade puts the strangler in front, and the broker behind, which also keeps the registry.
func (t *Topology) facade() {
	t.Entry = Strangler
	t.Processes = append([]Process{{Broker, Broker}}, append(t.Processes, Process{Strangler, Strangler})...)
	t.Links = append(t.Links,
		Link{Client, Strangler, Public}, Link{Strangler, Monolith, Public},
		Link{Monolith, Broker, Public}, Link{Strangler, Broker, Public})
}

// extract adds the service of a capability behind the gateway and moves the capability's reads to it.
func (t *Topology) extract(capability string) {
	if !t.Has(Gateway) {
		t.Processes = append(t.Processes, Process{Gateway, Gateway})
		t.Links = append(t.Links, Link{Strangler, Gateway, Public}, Link{Gateway, Broker, Public})
	}
	name := capability + "-1"
	t.Processes = append(t.Processes, Process{name, capability})
	// A service asks the shop for the keys of session tokens, and search reads the catalog there, whoever serves it.
	t.Links = append(t.Links, Link{Gateway, name, Public}, Link{name, Broker, Public}, Link{name, Strangler, Public})
	if capability == "catalog" { // its rows are fed by the strangler until it owns them
		t.Links = append(t.Links, Link{Strangler, Monolith, Admin}, Link{Strangler, name, Admin})
	}
	t.ReadsAt[capability] = Service
}

func everywhere(house string) map[string]string {
	m := map[string]string{}
	for _, c := range Capabilities() {
		m[c] = house
	}
	return m
}

// Capabilities returns the names of the twelve.
func Capabilities() []string {
	return []string{
		"user", "search", "catalog", "cart", "wishlist", "ordertaking",
		"orderprocessing", "payment", "logistics", "warehouse", "notification", "recommendation",
	}
}
