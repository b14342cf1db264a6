package lab

import (
	"errors"
	"figlab/internal/engine/postgres"
	"figlab/internal/topology"
	"figlab/scenarios"
	"fmt"
	"slices"
)

// ShopOptions say what shop is started, whatever it is started for.
type ShopOptions struct {
	Engine   string // embedded
	Store    string // sqlite or postgres
	Seed     uint64
	Products int
	Users    int
	Sync     bool           // the broker syncs every message to disk before it acknowledges it
	Replicas map[string]int // instances of a service at the stages without a monolith; one where nothing is said
}

// at returns the shop at a stage.
func (o ShopOptions) at(stage string) (topology.Topology, error) {
	return topology.Scaled(stage, o.Replicas)
}

// mostReplicas bounds the instances of one service: beyond it one machine shows nothing more.
const mostReplicas = 8

// validate returns everything that is wrong, so that nobody has to try again for each.
func (o ShopOptions) validate() error {
	var errs []error
	if o.Engine != "embedded" {
		errs = append(errs, fmt.Errorf("--engine %q: this version runs the embedded engine only", o.Engine))
	}
	if !slices.Contains([]string{"sqlite", "postgres"}, o.Store) {
		errs = append(errs, fmt.Errorf("--store %q: want sqlite or postgres", o.Store))
	}
	if o.Store == "postgres" {
		if err := postgres.Find(); err != nil {
			errs = append(errs, fmt.Errorf("--store postgres: %w", err))
		}
	}
	if o.Products < 100 || o.Products > 1_000_000 {
		errs = append(errs, fmt.Errorf("--products %d: want 100 to 1,000,000", o.Products))
	}
	if o.Users < 100 || o.Users > 100_000 {
		errs = append(errs, fmt.Errorf("--users %d: want 100 to 100,000", o.Users))
	}
	return errors.Join(append(errs, o.checkReplicas()...)...)
}

// checkReplicas returns what is wrong with the numbers of instances.
func (o ShopOptions) checkReplicas() (errs []error) {
	for role, n := range o.Replicas {
		if role != topology.Every && !slices.Contains(topology.Capabilities(), role) {
			errs = append(errs, fmt.Errorf("--replicas %s=%d: no such service; want %s or one of %v",
				role, n, topology.Every, topology.Capabilities()))
		}
		if n < 1 || n > mostReplicas {
			errs = append(errs, fmt.Errorf("--replicas %s=%d: want 1 to %d", role, n, mostReplicas))
		}
	}
	return errs
}

// Options of the main job.
type Options struct {
	Shop     ShopOptions
	Scenario string   // file; empty: the quick lab
	Stages   []string // empty: those of the scenario
	Rate     float64  // operations per second; 0: that of the scenario
	Out      string   // folder of the results
	Report   string   // path of RESULTS.md; empty: none
	Command  string   // what was typed, for the report
}

// scenario reads what is to be played, with what the caller wants otherwise.
func (o Options) scenario() (s scenarios.Scenario, err error) {
	if o.Scenario == "" {
		s, err = scenarios.Quick()
	} else {
		s, err = scenarios.Read(o.Scenario)
	}
	if err != nil {
		return s, err
	}
	if len(o.Stages) > 0 {
		s.Stages = o.Stages
	}
	if o.Rate != 0 {
		s.Load.Rate = o.Rate
	}
	if s.Load.Rate <= 0 || s.Load.Rate > 1000 {
		return s, fmt.Errorf("--rate %g: want more than 0 and at most 1000 operations per second", s.Load.Rate)
	}
	return s, checkStages(s.Stages)
}

// checkStages returns an error for a stage that cannot run, or an order that leads backwards.
func checkStages(ids []string) error {
	var errs []error
	for i, id := range ids {
		if _, err := topology.At(id); err != nil {
			errs = append(errs, fmt.Errorf("--stages: %w", err))
		}
		if i > 0 && id <= ids[i-1] {
			errs = append(errs, fmt.Errorf("--stages: %s after %s: this version walks forward only", id, ids[i-1]))
		}
	}
	return errors.Join(errs...)
}

// UpOptions of a shop to play with.
type UpOptions struct {
	Shop  ShopOptions
	Stage string
	Port  int // of the shop on loopback; 0: a free one
}

func (o UpOptions) validate() error {
	err := o.Shop.validate()
	if _, stage := o.Shop.at(o.Stage); stage != nil {
		err = errors.Join(err, fmt.Errorf("--stage: %w", stage))
	}
	if o.Port < 0 || o.Port > 65535 {
		err = errors.Join(err, fmt.Errorf("--port %d: want 1 to 65535, or 0 for a free one", o.Port))
	}
	return err
}
