package strangler

import (
	"context"
	"errors"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/internal/registry"
	"figlab/strangler/platform/feed"
	"figlab/strangler/platform/forward"
	"figlab/strangler/platform/route"
	"fmt"
	"net"
	"os"
	"time"
)

// Config of the strangler.
type Config struct {
	Listen     string // public address
	Admin      string // address of the doors by which the migration is led
	AdminToken string
	Data       string // folder of the route table
	Broker     string // nats://host:port; the registry lives there too
}

// A Strangler is the process.
type Strangler struct {
	bus           *bus.Bus
	public, admin net.Listener
	parts         []process.Part
}

// grace is how long each part may take to stop.
const grace = 6 * time.Second

// New reads the plans and the route table and binds the addresses.
func New(cfg Config, deps process.Deps) (s *Strangler, err error) {
	s = &Strangler{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if cfg.Broker == "" {
		return nil, errors.New("strangler: --broker is missing: the registry says there who answers")
	}
	if err := os.MkdirAll(cfg.Data, 0o755); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	plans, err := Plans()
	if err != nil {
		return nil, err
	}
	doors := admin{plans: plans}
	if doors.router, err = route.New(plans, cfg.Data); err != nil {
		return nil, err
	}
	if s.bus, err = bus.Dial(deps, cfg.Broker); err != nil {
		return nil, err
	}
	if s.public, err = deps.Listen("tcp", cfg.Listen); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if s.admin, err = deps.Listen("tcp", cfg.Admin); err != nil {
		return nil, fmt.Errorf("listen for admin: %w", err)
	}
	s.assemble(cfg, doors, deps)
	return s, nil
}

// assemble lists the parts in the order they start; they stop in reverse.
func (s *Strangler) assemble(cfg Config, doors admin, deps process.Deps) {
	known := registry.New(s.bus, deps)
	monolith, gateway := known.Watch("monolith"), known.Watch("gateway")
	s.parts = append(s.parts, monolith.Part(), gateway.Part())
	for _, p := range doors.plans {
		if p.Shift == nil || p.Shift.Feed == nil {
			continue
		}
		target := known.Watch(p.Capability)
		f := feed.New(feed.Config{
			Capability: p.Capability, Plan: *p.Shift.Feed, Token: cfg.AdminToken, Source: behind(monolith), Target: behind(target),
		}, s.bus, deps)
		doors.feeds = append(doors.feeds, f)
		s.parts = append(append(s.parts, target.Part()), f.Parts()...)
	}
	led := process.NewAdmin(cfg.AdminToken, func() error {
		if len(monolith.Instances()) == 0 {
			return errors.New("the registry knows no monolith yet")
		}
		return nil
	})
	led.Handle("/", doors.handler(deps))
	s.parts = append(s.parts,
		process.Serve("admin doors", s.admin, led),
		process.Serve("shop", s.public, forward.New(doors.router, public(monolith), public(gateway), deps)),
		known.Lease(registry.Instance{Service: "strangler", Name: deps.Name, Address: s.Addr(), Admin: s.AdminAddr()}, nil))
}

// public returns the public address of an instance of the set.
func public(set *registry.Set) func() (string, bool) {
	return func() (string, bool) {
		if all := set.Instances(); len(all) > 0 {
			return all[0].Address, true
		}
		return "", false
	}
}

// behind returns the admin address of an instance of the set.
func behind(set *registry.Set) func() (string, bool) {
	return func() (string, bool) {
		if all := set.Instances(); len(all) > 0 {
			return all[0].Admin, true
		}
		return "", false
	}
}

// Addr is the public address.
func (s *Strangler) Addr() string { return s.public.Addr().String() }

// AdminAddr is the address of the doors by which the migration is led.
func (s *Strangler) AdminAddr() string { return s.admin.Addr().String() }

// Run serves until ctx ends, then stops in reverse order.
func (s *Strangler) Run(ctx context.Context) error {
	return errors.Join(process.Run(ctx, grace, s.parts...), s.close())
}

func (s *Strangler) close() error {
	var errs []error
	if s.bus != nil {
		s.bus.Close()
	}
	for _, l := range []net.Listener{s.public, s.admin} {
		if l != nil {
			if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
