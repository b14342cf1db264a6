package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"figlab/chaos/link"
	"figlab/internal/engine"
	"figlab/internal/engine/embedded"
	"figlab/internal/engine/postgres"
	"figlab/internal/identity"
	"figlab/internal/process"
	"figlab/internal/topology"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"time"
)

// readyWithin is how long a process that serves may take until it can do its work.
const readyWithin = 15 * time.Second

// closeWithin bounds the end of a whole shop.
const closeWithin = 30 * time.Second

// A shop runs: its processes, the links between them, and the doors behind it.
type shop struct {
	options   ShopOptions
	ground    ground
	engine    engine.Engine
	links     *link.Set
	doors     doors
	token     string // the run's admin token
	authority *identity.Authority
	logs      string
	databases string // folder of the SQLite files that replicas share
	cluster   *postgres.Cluster
	at        topology.Topology
	processes map[string]engine.Process
	args      map[string][]string // how each was started
}

// site says where a shop stands.
type site struct {
	program    string // figshop
	data, logs string
	entry      string // where clients call it; empty: anywhere
}

// openShop lays the ground for a shop that will run at these stages; nothing of it runs yet but the links.
func openShop(ctx context.Context, o ShopOptions, stages []topology.Topology, at site) (s *shop, err error) {
	s = &shop{options: o, token: rand.Text(), processes: map[string]engine.Process{}, args: map[string][]string{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(ctx))
			s = nil
		}
	}()
	s.doors, s.logs, s.databases = newDoors(s.token), at.logs, filepath.Join(at.data, "databases")
	if s.authority, err = identity.NewAuthority(); err != nil {
		return s, err
	}
	if s.ground, err = lay(ctx, stages, at.entry); err != nil {
		return s, err
	}
	if s.links, err = link.Open(ctx, s.ground.proxies()); err != nil {
		return s, err
	}
	if o.Store == "postgres" {
		where := postgres.Options{Dir: filepath.Join(at.data, "postgres"), Log: filepath.Join(at.logs, "postgres.log")}
		s.cluster, err = postgres.Start(ctx, where)
		if err != nil {
			return s, err
		}
	}
	s.engine, err = embedded.New(at.program, at.data)
	return s, err
}

// advance brings the shop to a stage: what is new is started, what must be started otherwise is started anew, the rest runs on. It
// returns how long that took.
func (s *shop) advance(ctx context.Context, t topology.Topology) (time.Duration, error) {
	start := time.Now()
	s.at = t
	for _, p := range t.Processes {
		spec, err := s.spec(ctx, p)
		if err != nil {
			return 0, err
		}
		if err := s.run(ctx, spec); err != nil {
			return 0, err
		}
	}
	for _, p := range t.Processes {
		if err := s.ready(ctx, s.processes[p.Name]); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// spec says how a process is started: on its ground, with its database, and with its secrets, which nobody can read from outside.
func (s *shop) spec(ctx context.Context, p topology.Process) (engine.Spec, error) {
	spec := s.ground.spec(p, s.at, s.options)
	spec.Log = filepath.Join(s.logs, p.Name+".log")
	secret, err := s.authority.Issue(p.Role)
	if err != nil {
		return spec, err
	}
	spec.Env = []string{
		"FIGLAB_ADMIN_TOKEN=" + s.token, identity.EnvIdentity + "=" + secret, identity.EnvAuthority + "=" + s.authority.Public(),
	}
	if !keepsRows(p.Role) {
		return spec, nil
	}
	if s.cluster == nil {
		spec.Args = append(spec.Args, "--store", "sqlite", "--database", filepath.Join(s.databases, p.Role))
		return spec, nil
	}
	if err := s.database(ctx, p.Role); err != nil {
		return spec, err
	}
	spec.Args = append(spec.Args, "--store", "postgres", "--dsn", s.cluster.DSN(p.Role))
	return spec, nil
}

// keepsRows says whether a role has a database. Each instance of search has an index of its own instead.
func keepsRows(role string) bool {
	return role == topology.Monolith || slices.Contains(topology.Capabilities(), role) && role != "search"
}

// database makes the database of a role, unless it was made for an earlier stage.
func (s *shop) database(ctx context.Context, role string) error {
	if slices.ContainsFunc(s.at.Processes, func(p topology.Process) bool { return p.Role == role && s.processes[p.Name] != nil }) {
		return nil
	}
	return s.cluster.Create(ctx, role)
}

func (s *shop) run(ctx context.Context, spec engine.Spec) error {
	if p := s.processes[spec.Name]; p != nil {
		if slices.Equal(s.args[spec.Name], spec.Args) {
			return nil
		}
		if err := p.Stop(ctx); err != nil {
			return err
		}
	}
	p, err := s.engine.Start(ctx, spec)
	if err != nil {
		return err
	}
	s.processes[spec.Name], s.args[spec.Name] = p, spec.Args
	return nil
}

// ready waits until a process says that it can do its work.
func (s *shop) ready(ctx context.Context, p engine.Process) error {
	admin := p.Addresses().Admin
	if admin == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		err := s.doors.call(ctx, http.MethodGet, "http://"+admin+"/readyz", nil, nil)
		if err == nil {
			return nil
		}
		if wait := process.Pause(ctx, 20*time.Millisecond); wait != nil {
			return fmt.Errorf("%s is not ready: %w: %w; its last words:\n%s", p.Name(), wait, err, p.Tail())
		}
	}
}

// url is where clients call the shop: over the link to its entry.
func (s *shop) url() string {
	return "http://" + s.ground.via[topology.Link{From: topology.Client, To: s.at.Entry, Door: topology.Public}.ID()]
}

// usage returns what each process has cost so far.
func (s *shop) usage() (map[string]engine.Usage, error) {
	all := map[string]engine.Usage{}
	for name, p := range s.processes {
		u, err := p.Usage()
		if err != nil {
			return nil, err
		}
		all[name] = u
	}
	return all, nil
}

// close stops everything, whatever is left of it, also when ctx has ended.
func (s *shop) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
	defer cancel()
	var errs []error
	if s.engine != nil {
		errs = append(errs, s.engine.Close(ctx))
	}
	if s.links != nil {
		errs = append(errs, s.links.Close(ctx))
	}
	if s.cluster != nil {
		errs = append(errs, s.cluster.Stop())
	}
	return errors.Join(errs...)
}
