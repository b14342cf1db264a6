// Package topology says what the shop is made of at each stage of the migration: which processes run, who calls whom over which link, and
// which house answers a capability's reads and takes its writes. It is a value: engines start what it lists, chaos injects into what it
// lists, reports print it.
package topology

import (
	"fmt"
	"slices"
	"strings"
)

// The houses that can serve a capability.
const (
	Monolith = "monolith"
	Service  = "service"
)

// Names of processes that are not services of a capability.
const (
	Client    = "client" // the load; it is on links, but no engine starts it
	Strangler = "strangler"
	Gateway   = "gateway"
	Broker    = "broker"
	Provider  = "provider"
	Carrier   = "carrier"
)

// Doors of a process that a link can lead to.
const (
	Public = "public" // the shop's contract, or the partner's
	Admin  = "admin"  // the doors behind the shop: feed, audit
)

// A Process is one program of the shop as it runs at a stage. Its role is the first word of its name up to a dash: catalog-1 plays catalog.
type Process struct {
	Name string
	Role string
}

// A Link is an ordered pair: From calls To at one of its doors.
type Link struct {
	From, To, Door string
}

// ID names the link in files, flags and reports: from→to, with the door when it is not the public one.
func (l Link) ID() string {
	if l.Door == Public {
		return l.From + "->" + l.To
	}
	return l.From + "->" + l.To + ":" + l.Door
}

// A Topology is the whole shop at one stage.
type Topology struct {
	Stage     Stage
	Entry     string // the process clients call
	Processes []Process
	Links     []Link
	Fresh     bool              // it begins with rows of its own: what was there at an earlier stage was not moved to it
	ReadsAt   map[string]string // capability → house that answers its reads
	WritesAt  map[string]string // capability → house that takes its writes
}

// ErrStage is returned for a stage that does not exist or cannot run yet.
type ErrStage struct{ ID string }

func (e ErrStage) Error() string {
	var ids []string
	for _, s := range Stages() {
		if s.Built {
			ids = append(ids, s.ID)
		}
	}
	return fmt.Sprintf("no stage %q: want one of %s", e.ID, strings.Join(ids, ", "))
}

// Has says whether a process of that name runs at this stage.
func (t Topology) Has(name string) bool {
	return slices.ContainsFunc(t.Processes, func(p Process) bool { return p.Name == name })
}

// Link finds a link by its ID.
func (t Topology) Link(id string) (Link, bool) {
	for _, l := range t.Links {
		if l.ID() == id {
			return l, true
		}
	}
	return Link{}, false
}

// ReadLink returns the link that leads to whoever answers a capability's reads: out of the process that decides, which is the strangler
// where there is one, else the gateway, else the client.
func (t Topology) ReadLink(capability string) (Link, bool) {
	if t.Entry == Gateway {
		return t.Link(Link{Gateway, capability + "-1", Public}.ID())
	}
	decides := Strangler
	if !t.Has(Strangler) {
		decides = Client
	}
	to := Monolith
	if t.ReadsAt[capability] == Service {
		to = Gateway
	}
	return t.Link(Link{decides, to, Public}.ID())
}
