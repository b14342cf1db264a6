package lab

import (
	"fmt"

	"figlab/internal/topology"
)

// ground is where everything stands: the real addresses of every process, and the address of every link's proxy. It is fixed before the
// first process starts, because a process that starts early must know the links to those that come later.
type ground struct {
	public, admin map[string]string // process → host:port
	via           map[string]string // link ID → host:port of its proxy
	links         []topology.Link
	processes     []topology.Process
}

// lay reserves addresses for everything that runs at any of the stages. free returns one more free loopback address.
func lay(stages []string, free func() (string, error)) (ground, error) {
	g := ground{public: map[string]string{}, admin: map[string]string{}, via: map[string]string{}}
	for _, id := range stages {
		t, err := topology.At(id)
		if err != nil {
			return ground{}, err
		}
		for _, p := range t.Processes {
			if err := g.place(p, free); err != nil {
				return ground{}, err
			}
		}
		for _, l := range t.Links {
			if err := g.connect(l, free); err != nil {
				return ground{}, err
			}
		}
	}
	return g, nil
}

func (g *ground) place(p topology.Process, free func() (string, error)) (err error) {
	if _, ok := g.public[p.Name]; ok {
		return nil
	}
	g.processes = append(g.processes, p)
	if g.public[p.Name], err = free(); err != nil {
		return fmt.Errorf("an address for %s: %w", p.Name, err)
	}
	if g.admin[p.Name], err = free(); err != nil {
		return fmt.Errorf("an admin address for %s: %w", p.Name, err)
	}
	return nil
}

func (g *ground) connect(l topology.Link, free func() (string, error)) (err error) {
	if _, ok := g.via[l.ID()]; ok {
		return nil
	}
	g.links = append(g.links, l)
	if g.via[l.ID()], err = free(); err != nil {
		return fmt.Errorf("an address for link %s: %w", l.ID(), err)
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

// args are the flags of one process: where it stands, whom it may need, and the links its calls go over.
func (g ground) args(p topology.Process, o ShopOptions, dsn string) []string {
	args := []string{"--broker", "nats://" + g.public[topology.Broker]}
	if g.public[topology.Broker] == "" {
		args = nil
	}
	args = append(args, "--store", o.Store)
	if dsn != "" {
		args = append(args, "--dsn", dsn)
	}
	switch p.Role {
	case topology.Monolith:
		args = append(args,
			"--provider", "http://"+g.public[topology.Provider], "--carrier", "http://"+g.public[topology.Carrier],
			"--products", fmt.Sprint(o.Products), "--users", fmt.Sprint(o.Users), "--seed", fmt.Sprint(o.Seed))
	case "search", "catalog":
		args = append(args, "--catalog", "http://"+g.public[topology.Strangler])
	}
	for _, l := range g.links {
		if l.From == p.Name {
			args = append(args, "--link", g.target(l)+"="+g.via[l.ID()])
		}
	}
	return args
}
