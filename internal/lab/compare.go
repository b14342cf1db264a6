package lab

import (
	"context"
	"errors"
	"figlab/bench/compare"
	"figlab/internal/history"
	"figlab/internal/topology"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	catalog "figlab/shop/catalog"
)

const (
	pairRate    = 50 // requests per second to each of the two
	ceilingOver = 16 // connections
)

// compare measures what the stage is there to show, with the shoppers gone: what one process can do, and what a proxy costs.
func (w *walk) compare(ctx context.Context, t topology.Topology) error {
	switch {
	case w.scenario.Phases.Compare == 0:
		return nil
	case t.Stage.ID == whole:
		return w.ceiling(ctx)
	case t.Stage.ID == "01":
		return w.detour(ctx)
	}
	return nil
}

// product returns the URL of the i-th request for a product.
func (w *walk) product(base string) func(i int) string {
	return func(i int) string {
		return base + "/products/" + string(catalog.SeedID(w.options.Shop.Seed, i%w.options.Shop.Products))
	}
}

func client() *http.Client {
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
}

// ceiling is how many products the monolith can show per second of CPU: what one core can do.
func (w *walk) ceiling(ctx context.Context) error {
	c := client()
	defer c.CloseIdleConnections()
	lasting := w.scenario.Phases.Compare
	monolith := w.shop.processes[topology.Monolith]
	before, err := monolith.Usage()
	if err != nil {
		return err
	}
	n, err := compare.Ceiling(ctx, c, w.product("http://"+w.shop.ground.public[topology.Monolith]), ceilingOver, lasting)
	if err != nil {
		return err
	}
	after, err := monolith.Usage()
	if err != nil {
		return err
	}
	rate, perCore := float64(n)/lasting.Seconds(), float64(n)/(after.CPU-before.CPU).Seconds()
	w.relate("GET /products/{id} at the monolith, closed loop: per second of its CPU against per second", perCore, rate, "requests/s")
	return nil
}

// detour is what the strangler costs a request: alone, by a second one that calls without links, and as it stands, with the links before
// and behind it. Both are set against the monolith called directly.
func (w *walk) detour(ctx context.Context) (err error) {
	strangler := topology.Process{Name: "strangler-bare", Role: topology.Strangler}
	spec, err := w.shop.spec(ctx, strangler)
	if err != nil {
		return err
	}
	spec.Listen, spec.Admin, spec.Log = "127.0.0.1:0", "127.0.0.1:0", filepath.Join(w.folder.logs(), strangler.Name+".log")
	bare, err := w.shop.engine.Start(ctx, spec)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.Stop(context.WithoutCancel(ctx))) }()
	if err := w.shop.ready(ctx, bare); err != nil {
		return err
	}
	const name = "GET /products/{id} at 50/s, p50: through the strangler%s against direct"
	direct := "http://" + w.shop.ground.public[topology.Monolith]
	if err := w.pair(ctx, fmt.Sprintf(name, ""), "http://"+bare.Addresses().Listen, direct); err != nil {
		return err
	}
	return w.pair(ctx, fmt.Sprintf(name, " and two links"), w.shop.url(), direct)
}

// pair relates the medians of two ways to the same products, asked in turn.
func (w *walk) pair(ctx context.Context, name, a, b string) error {
	c := client()
	defer c.CloseIdleConnections()
	ofA, ofB, err := compare.Pair{Client: c, Rate: pairRate, Duration: w.scenario.Phases.Compare, A: w.product(a), B: w.product(b)}.Run(ctx)
	if err != nil {
		return err
	}
	w.relate(name, milliseconds(ofA.Quantile(0.5)), milliseconds(ofB.Quantile(0.5)), "ms")
	return nil
}

func (w *walk) relate(name string, a, b float64, unit string) { w.relateWithin(name, a, b, unit, 0) }

// relateWithin also says which ratio the design wants at most.
func (w *walk) relateWithin(name string, a, b float64, unit string, most float64) {
	c := history.Comparison{Name: name, A: a, B: b, Unit: unit, Most: most}
	if b != 0 {
		c.Ratio = a / b
	}
	w.run.Comparison = append(w.run.Comparison, c)
	w.say("  %s: %.2f against %.2f %s", name, a, b, unit)
}
