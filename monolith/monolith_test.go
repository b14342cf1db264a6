package monolith_test

import (
	"context"
	"figlab/api/apitest"
	"figlab/internal/engine/postgres"
	"figlab/internal/partner/carrier"
	"figlab/internal/partner/provider"
	"figlab/internal/process"
	"figlab/monolith"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestContract runs the one suite against the monolith on each store.
func TestContract(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		apitest.Run(t, "http://"+start(t, config(t)).Addr(), promises())
	})
	t.Run("postgres", func(t *testing.T) {
		cfg := config(t)
		cfg.Store, cfg.DSN = "postgres", database(t)
		apitest.Run(t, "http://"+start(t, cfg).Addr(), promises())
	})
}

// promises: one database and one transaction per use case means that every reader sees every write.
func promises() apitest.Features {
	return apitest.Features{
		ReadYourWrites: []string{
			"user", "search", "catalog", "cart", "wishlist", "ordertaking", "orderprocessing", "payment",
			"logistics", "warehouse", "notification", "recommendation",
		},
		Settle: 10 * time.Second,
		Ships:  true,
	}
}

func config(t *testing.T) monolith.Config {
	t.Helper()
	return monolith.Config{
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", AdminToken: "test", Data: t.TempDir(), Store: "sqlite",
		Seed: monolith.Seed{Products: 300, Users: 20, Seed: 1}, DispatchDelay: time.Second,
	}
}

func deps(t *testing.T, name string) process.Deps {
	t.Helper()
	d := process.Real(name, nil, t.Output())
	d.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	return d
}

// start runs the monolith with partners of its own; everything ends with the test.
func start(t *testing.T, cfg monolith.Config) *monolith.Monolith {
	t.Helper()
	p, err := provider.New(provider.Config{Listen: "127.0.0.1:0", Data: t.TempDir()}, deps(t, "provider"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, p.Run)
	c, err := carrier.New(carrier.Config{Listen: "127.0.0.1:0", Data: t.TempDir(), DeliverAfter: 200 * time.Millisecond}, deps(t, "carrier"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, c.Run)
	cfg.Provider, cfg.Carrier = "http://"+p.Addr(), "http://"+c.Addr()
	m, err := monolith.New(t.Context(), cfg, deps(t, "monolith"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, m.Run)
	return m
}

// run runs a process until the test ends.
func run(t *testing.T, process func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- process(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("did not end cleanly: %v", err)
		}
	})
}

// database returns a fresh Postgres database, or skips the test with the reason why there is none.
func database(t *testing.T) string {
	t.Helper()
	if err := postgres.Find(); err != nil {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "figlab-pg-*") //nolint:usetesting // the parent of t.TempDir is closed to the user the server runs as
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c, err := postgres.Start(t.Context(), postgres.Options{Dir: filepath.Join(dir, "data"), Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := c.Create(t.Context(), "monolith"); err != nil {
		t.Fatal(err)
	}
	return c.DSN("monolith")
}
