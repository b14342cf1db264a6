package lab

import (
	"context"
	"errors"
	"figlab/api/shopapi"
	"figlab/bench/compare"
	"figlab/internal/engine"
	"figlab/internal/history"
	"figlab/internal/process"
	"figlab/internal/topology"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	catalog "figlab/shop/catalog"
	user "figlab/shop/user"
	warehouse "figlab/shop/warehouse"
)

// What the split into services costs is measured at the first and at the last stage, one right after the other, each time with a shop of
// its own on which nobody else shops, and set against each other.
const (
	whole       = "00"
	split       = "14"
	orderRate   = 20 // checkouts per second
	customers   = 40 // so many that nobody orders twice at once
	afterwards  = 4 * time.Second
	waitedTimes = 5                     // halves: waiting is measured for longer, as a p99 of fewer than a hundred orders says nothing
	pollPending = 10 * time.Millisecond // a look costs the shop about a millisecond: more of them would measure themselves
)

// price is what something costs in CPU, in milliseconds over all processes of the shop.
type price struct{ product, operation, checkout, idle float64 }

// bounds say how much of the monolith's price the services may cost.
func bounds() price { return price{product: 3, operation: 4, checkout: 6} }

// appraise relates the last stage to the first, when both were walked.
func (w *walk) appraise(ctx context.Context, figshop string) error {
	prices := map[string]price{}
	for _, id := range []string{whole, split} {
		i := slices.IndexFunc(w.run.Stages, func(s history.StageRun) bool { return s.ID == id })
		if i < 0 || w.scenario.Phases.Compare == 0 {
			return nil
		}
		at := site{program: figshop, data: filepath.Join(w.folder.data(), "price-"+id), logs: filepath.Join(w.folder.logs(), "price-"+id)}
		p, err := w.priceAt(ctx, id, at)
		if err != nil {
			return fmt.Errorf("what stage %s costs: %w", id, err)
		}
		p.operation = w.run.Stages[i].Cost.CPUSecondsPer1k
		prices[id] = p
	}
	s, m, most := prices[split], prices[whole], bounds()
	w.relateWithin("CPU per GET /products/{id}: services against monolith", s.product, m.product, "ms", most.product)
	w.relateWithin("CPU per operation of the mix: services against monolith", s.operation, m.operation, "ms", most.operation)
	w.relateWithin("CPU per checkout, with all that follows: services against monolith", s.checkout, m.checkout, "ms", most.checkout)
	w.relate("CPU while nobody shops: services against monolith", s.idle, m.idle, "ms/s")
	return nil
}

// priceAt opens a shop at a stage and measures what its processes spend.
func (w *walk) priceAt(ctx context.Context, id string, at site) (p price, err error) {
	t, err := w.options.Shop.at(id)
	if err != nil {
		return p, err
	}
	if w.shop, err = openShop(ctx, w.options.Shop, []topology.Topology{t}, at); err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, w.shop.close(ctx)) }()
	err = guarded(ctx, w.shop.engine, func(ctx context.Context) (err error) {
		if err := w.shop.settleAt(ctx, t); err != nil {
			return err
		}
		if p.idle, err = w.idle(ctx); err != nil {
			return err
		}
		if p.product, err = w.perProduct(ctx); err != nil {
			return err
		}
		orders, err := w.customers(ctx)
		if err != nil {
			return err
		}
		if p.checkout, err = w.perCheckout(ctx, orders, p.idle); err != nil {
			return err
		}
		return w.confirmations(ctx, orders)
	})
	return p, err
}

// spent is the CPU that the shop's processes have used between two looks.
func spent(before, after map[string]engine.Usage) (total time.Duration) {
	for name, u := range after {
		total += u.CPU - before[name].CPU
	}
	return total
}

// during returns the CPU the shop uses while something is done.
func (w *walk) during(do func() error) (time.Duration, error) {
	before, err := w.shop.usage()
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	after, err := w.shop.usage()
	return spent(before, after), err
}

// idle is what the shop spends per second while nobody shops, in ms.
func (w *walk) idle(ctx context.Context) (float64, error) {
	lasting := w.scenario.Phases.Compare
	used, err := w.during(func() error { return process.Pause(ctx, lasting) })
	return milliseconds(used) / lasting.Seconds(), err
}

// perProduct is what showing a product costs, in ms. The loop is closed: it finds how much work a request is.
func (w *walk) perProduct(ctx context.Context) (float64, error) {
	c := client()
	defer c.CloseIdleConnections()
	var n int64
	used, err := w.during(func() (err error) {
		n, err = compare.Ceiling(ctx, c, w.product(w.entry()), ceilingOver, w.scenario.Phases.Compare)
		return err
	})
	return milliseconds(used) / float64(max(n, 1)), err
}

// confirmations measures how long shoppers wait until their order is decided.
func (w *walk) confirmations(ctx context.Context, orders compare.Checkouts) error {
	orders.Name, orders.Poll, orders.Duration = orders.Name+"-wait", pollPending, waitedTimes*orders.Duration/2
	took, err := orders.Run(ctx)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("order placed until decided at %d/s, stage %s: p99 against p50", orderRate, w.shop.at.Stage.ID)
	w.relate(name, milliseconds(took.Quantile(0.99)), milliseconds(took.Quantile(0.5)), "ms")
	return nil
}

// customers are checkouts by seeded shoppers, who have signed in, of seeded products that are plenty.
func (w *walk) customers(ctx context.Context) (compare.Checkouts, error) {
	c := compare.Checkouts{
		Client: client(), URL: w.entry(), Name: "price-" + w.shop.at.Stage.ID, Rate: orderRate, Duration: w.scenario.Phases.Compare,
	}
	for i := range customers {
		var s shopapi.Session
		who := shopapi.Credentials{Email: user.SeedEmail(1 + i), Password: user.SeedPassword}
		if err := w.shop.doors.call(ctx, http.MethodPost, c.URL+"/sessions", who, &s); err != nil {
			return c, fmt.Errorf("sign in: %w", err)
		}
		c.Tokens = append(c.Tokens, s.Token)
	}
	seed, n := w.options.Shop.Seed, w.options.Shop.Products
	c.Product = func(i int) string {
		for warehouse.Scarce(seed, i%n) {
			i++
		}
		return string(catalog.SeedID(seed, i%n))
	}
	return c, nil
}

// entry is where the shop is called without a link before it: what is measured is the shop.
func (w *walk) entry() string { return "http://" + w.shop.ground.public[w.shop.at.Entry] }
