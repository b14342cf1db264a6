package topology

import (
	"fmt"
	"slices"
)

// Every stands for all services where one may be named.
const Every = "all"

// last is the stage at which monolith and strangler are gone.
const last = "14"

// Asks returns whom each process of the microservice house calls, each of them the user service too, for the keys of session tokens. The
// declarations in the services' calls.go say the same; a test compares them.
func Asks() map[string][]string {
	return map[string][]string{
		Gateway:           Capabilities(),
		"user":            nil,
		"search":          {"catalog", "user"},
		"catalog":         {"user"},
		"cart":            {"catalog", "user"},
		"wishlist":        {"catalog", "cart", "user"},
		"ordertaking":     {"cart", "catalog", "logistics", "user"},
		"orderprocessing": {"warehouse", "payment", "logistics", "ordertaking", "user"},
		"payment":         {"ordertaking", "user", Provider},
		"logistics":       {"user", Carrier},
		"warehouse":       {"catalog", "user"},
		"notification":    {"user"},
		"recommendation":  {"user"},
	}
}

// microservices returns the shop without a monolith: every capability a service, the gateway in front. Nothing is moved there yet, so its
// rows begin with it.
func microservices(s Stage, replicas map[string]int) Topology {
	t := Topology{
		Stage: s, Entry: Gateway, Fresh: true,
		Processes: []Process{{Broker, Broker}, {Provider, Provider}, {Carrier, Carrier}},
		Links:     []Link{{Client, Gateway, Public}},
		ReadsAt:   everywhere(Service),
		WritesAt:  everywhere(Service),
	}
	for _, c := range Capabilities() {
		for n := range max(replicas[c], replicas[Every], 1) {
			t.Processes = append(t.Processes, Process{fmt.Sprintf("%s-%d", c, n+1), c})
		}
	}
	t.Processes = append(t.Processes, Process{Gateway, Gateway})
	for _, p := range t.Processes {
		t.connect(p)
	}
	return t
}

// connect adds the links of a process of the microservice house to everybody it calls.
func (t *Topology) connect(p Process) {
	asked, ours := Asks()[p.Role]
	if !ours {
		return
	}
	t.Links = append(t.Links, Link{p.Name, Broker, Public})
	for _, to := range t.Processes {
		if slices.Contains(asked, to.Role) && to.Role != p.Role {
			t.Links = append(t.Links, Link{p.Name, to.Name, Public})
		}
	}
}

// Instances returns the names of the processes that play a role.
func (t Topology) Instances(role string) (names []string) {
	for _, p := range t.Processes {
		if p.Role == role {
			names = append(names, p.Name)
		}
	}
	return names
}
