package lab

import (
	"context"
	"figlab/chaos/link"
	"figlab/internal/engine"
	"figlab/internal/topology"
	"fmt"
	"slices"
)

// ground is where everything stands: the real addresses of every process, and the address of every link's proxy. It is fixed before the
// first process starts, because a process that starts early must know the links to those that come later.
type ground struct {
	public, admin map[string]string // process → host:port
	via           map[string]string // link ID → host:port of its proxy
	links         []topology.Link
}

// lay reserves addresses for everything that runs at any of the stages. entry, when it is not empty, is where clients shall call the shop.
func lay(ctx context.Context, stages []topology.Topology, entry string) (ground, error) {
	g := ground{public: map[string]string{}, admin: map[string]string{}, via: map[string]string{}}
	ports := engine.NewPorts()
	for _, t := range stages {
		for _, p := range t.Processes {
			if err := reserve(ctx, ports, g.public, p.Name); err != nil {
				return ground{}, err
			}
			if err := reserve(ctx, ports, g.admin, p.Name); err != nil {
				return ground{}, err
			}
		}
		for _, l := range t.Links {
			if g.via[l.ID()] == "" {
				g.links = append(g.links, l)
			}
			if l.From == topology.Client && entry != "" {
				g.via[l.ID()] = entry
				continue
			}
			if err := reserve(ctx, ports, g.via, l.ID()); err != nil {
				return ground{}, err
			}
		}
	}
	return g, nil
}

func reserve(ctx context.Context, ports *engine.Ports, in map[string]string, name string) (err error) {
	if in[name] == "" {
		if in[name], err = ports.Free(ctx); err != nil {
			return fmt.Errorf("an address for %s: %w", name, err)
		}
	}
	return nil
}

// target is the real address a link leads to.
func (g ground) target(l topology.Link) string {
	if l.Door == topology.Admin {
		return g.admin[l.To]
	}
	return g.public[l.To]
}

// proxies lists the links as chaos opens them.
func (g ground) proxies() []link.Spec {
	specs := make([]link.Spec, len(g.links))
	for i, l := range g.links {
		specs[i] = link.Spec{ID: l.ID(), Listen: g.via[l.ID()], Target: g.target(l)}
	}
	return specs
}

// spec says how a process is started at a stage: where it stands, whom it may need, and the links its calls go over.
func (g ground) spec(p topology.Process, t topology.Topology, o ShopOptions) engine.Spec {
	s := engine.Spec{Name: p.Name, Role: p.Role, Listen: g.public[p.Name]}
	if !slices.Contains([]string{topology.Broker, topology.Provider, topology.Carrier}, p.Role) {
		s.Admin = g.admin[p.Name]
		if t.Has(topology.Broker) {
			s.Args = append(s.Args, "--broker", "nats://"+g.public[topology.Broker])
		}
	}
	s.Args = append(s.Args, g.flags(p.Role, t, o)...)
	for _, l := range g.links {
		if l.From == p.Name {
			s.Args = append(s.Args, "--link", g.target(l)+"="+g.via[l.ID()])
		}
	}
	return s
}

// flags are what a role is told at a stage.
func (g ground) flags(role string, t topology.Topology, o ShopOptions) []string {
	service := slices.Contains(topology.Capabilities(), role)
	switch {
	case service && t.WritesAt[role] == topology.Service:
		return append(g.ofShop(o), "--owns")
	case service: // what it needs of the shop it asks whoever serves it
		entry := "http://" + g.public[topology.Strangler]
		return []string{"--catalog", entry, "--keys", entry + "/.well-known/jwks.json"}
	case role == topology.Monolith:
		return g.ofShop(o)
	case role == topology.Carrier:
		return []string{"--deliver-after", "1s"}
	case role == topology.Broker && o.Sync:
		return []string{"--sync-always"}
	case role == topology.Gateway && t.Entry == topology.Gateway:
		return []string{"--client-rate", manyClients, "--owns"}
	case role == topology.Gateway:
		return []string{"--client-rate", manyClients}
	}
	return nil
}

// manyClients is what the gateway takes from one address per second: all shoppers of the lab come from one.
const manyClients = "100000"

// ofShop is what those are told who own rows: with what to begin, and who the partners are.
func (g ground) ofShop(o ShopOptions) []string {
	return []string{
		"--provider", "http://" + g.public[topology.Provider], "--carrier", "http://" + g.public[topology.Carrier],
		"--products", fmt.Sprint(o.Products), "--users", fmt.Sprint(o.Users), "--seed", fmt.Sprint(o.Seed), "--dispatch-delay", "1s",
	}
}
