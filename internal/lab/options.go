package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"figlab/internal/topology"
)

// ShopOptions say what shop is started, whatever it is started for.
type ShopOptions struct {
	Engine      string // embedded
	Store       string // sqlite or postgres
	PostgresDSN string // an existing server; empty: a private cluster
	Seed        uint64
	Products    int
	Users       int
}

// validate returns everything that is wrong, so that nobody has to try again for each.
func (o ShopOptions) validate() error {
	var errs []error
	if o.Engine != "embedded" {
		errs = append(errs, fmt.Errorf("--engine %q: this version runs the embedded engine only", o.Engine))
	}
	if !slices.Contains([]string{"sqlite", "postgres"}, o.Store) {
		errs = append(errs, fmt.Errorf("--store %q: want sqlite or postgres", o.Store))
	}
	if o.PostgresDSN != "" && o.Store != "postgres" {
		errs = append(errs, errors.New("--postgres-dsn goes with --store postgres"))
	}
	if o.Products < 100 || o.Products > 1_000_000 {
		errs = append(errs, fmt.Errorf("--products %d: want 100 to 1,000,000", o.Products))
	}
	if o.Users < 10 || o.Users > 100_000 {
		errs = append(errs, fmt.Errorf("--users %d: want 10 to 100,000", o.Users))
	}
	return errors.Join(errs...)
}

// Options of the main job.
type Options struct {
	Shop     ShopOptions
	Scenario string   // file; empty: the quick lab
	Stages   []string // empty: those of the scenario
	Rate     float64  // requests per second; 0: that of the scenario
	Out      string   // folder of the results
	Report   string   // path of RESULTS.md; empty: none
}

// UpOptions of a shop to play with.
type UpOptions struct {
	Shop  ShopOptions
	Stage string
	Port  int
	Data  string
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

// writable makes a folder and proves that files can be written to it.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("the results folder cannot be made: %w: choose another with --out", err)
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return fmt.Errorf("the results folder cannot be written: %w: choose another with --out", err)
	}
	name := probe.Name()
	if err := errors.Join(probe.Close(), os.Remove(name)); err != nil {
		return fmt.Errorf("the results folder %s: %w", filepath.Dir(name), err)
	}
	return nil
}
