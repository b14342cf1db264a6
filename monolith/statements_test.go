package monolith

import (
	"context"
	"figlab/internal/partner/provider"
	"figlab/internal/process"
	"figlab/monolith/platform/db"
	"figlab/shop"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	catalog "figlab/shop/catalog"
	ordering "figlab/shop/ordertaking"
	users "figlab/shop/user"
)

// TestStatementsOfACheckout counts what a checkout says to the database: as much for one line as for thirty.
func TestStatementsOfACheckout(t *testing.T) {
	deps := process.Real("monolith", nil, t.Output())
	deps.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	p, err := provider.New(provider.Config{Listen: "127.0.0.1:0", Data: t.TempDir()}, deps)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	defer func() {
		if cancel(); <-done != nil {
			t.Error("the provider did not end cleanly")
		}
	}()
	d, err := db.Open(ctx, db.Options{Store: db.SQLite, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	m, err := wire(ctx, d, Config{Provider: "http://" + p.Addr(), DispatchDelay: time.Hour}, deps)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.seed(ctx, d, Seed{Products: 60, Users: 2, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	var statements atomic.Int64
	count(t, d.Read(ctx), &statements)
	if err := d.Write(ctx, func(tx *db.Tx) error { count(t, tx.DB, &statements); return nil }); err != nil {
		t.Fatal(err)
	}
	user := users.Seed(1, 1).ID
	checkout := func(key string, lines int) int64 {
		for i := range lines {
			if _, err := m.cart.Put(ctx, user, catalog.SeedID(1, i), 1); err != nil {
				t.Fatal(err)
			}
		}
		before := statements.Load()
		o, _, err := m.taking.Place(ctx, user, key, ordering.Request{
			Address: shop.Address{Country: "PT"}, Service: "standard", PaymentToken: "tok_ok",
		})
		if err != nil || o.State != "confirmed" || len(o.Lines) != lines {
			t.Fatalf("%+v, %v", o, err)
		}
		return statements.Load() - before
	}
	two, many := checkout("key-two", 2), checkout("key-many", 30)
	t.Logf("a checkout of 2 lines takes %d statements, of 30 lines %d", two, many)
	if two != many || two < 10 {
		t.Errorf("2 lines: %d statements, 30 lines: %d", two, many)
	}
}

// count adds one for every statement that g and its transactions send.
func count(t *testing.T, g *gorm.DB, n *atomic.Int64) {
	t.Helper()
	one := func(*gorm.DB) { n.Add(1) }
	c := g.Callback()
	for _, err := range []error{
		c.Create().Register("count", one), c.Query().Register("count", one), c.Update().Register("count", one),
		c.Delete().Register("count", one), c.Row().Register("count", one), c.Raw().Register("count", one),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}
