package logistics_test

import (
	"context"
	"figlab/internal/partner/carrier"
	"figlab/internal/process"
	"figlab/monolith/logistics"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/outbox"
	"figlab/shop"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"
)

// shipped counts orders that left the house.
type shipped struct{ n atomic.Int64 }

func (s *shipped) Shipped(context.Context, *db.Tx, shop.OrderID) error { s.n.Add(1); return nil }

func (s *shipped) Delivered(context.Context, *db.Tx, shop.OrderID) error { return nil }

// dispatching runs a dispatcher with a carrier and a database of its own.
func dispatching(t *testing.T, orders *shipped) (*logistics.Module, *db.DB) {
	t.Helper()
	deps := process.Real("test", nil, t.Output())
	deps.Log = slog.New(slog.DiscardHandler)
	c, err := carrier.New(carrier.Config{Listen: "127.0.0.1:0", Data: t.TempDir(), DeliverAfter: time.Hour}, deps)
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), db.Options{Store: db.SQLite, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	m, err := logistics.New(d, outbox.New(deps), "http://"+c.Addr(), 0, deps)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() {
		done <- process.Run(ctx, 5*time.Second, process.Part{Name: "carrier", Run: c.Run}, m.Dispatcher(orders))
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("did not end cleanly: %v", err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return m, d
}

func plan(t *testing.T, m *logistics.Module, d *db.DB, n int, before func()) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		for i := range n {
			if _, err := m.Plan(tx, shop.OrderID(fmt.Sprintf("order-%d", i)), "user", "standard", shop.Address{Country: "PT"}, 100); err != nil {
				return err
			}
		}
		before()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func until(t *testing.T, limit time.Duration, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s", limit)
		}
	}
}

// TestBacklog: more shipments than one look takes are all booked without a pause in between.
func TestBacklog(t *testing.T) {
	var orders shipped
	m, d := dispatching(t, &orders)
	plan(t, m, d, 350, func() {})
	until(t, 5*time.Second, func() bool { return orders.n.Load() == 350 })
}

// TestWokenAfterCommit: a shipment is booked at once even if its transaction took its time; a dispatcher woken any earlier would look, find
// nothing, and sleep.
func TestWokenAfterCommit(t *testing.T) {
	var orders shipped
	m, d := dispatching(t, &orders)
	time.Sleep(20 * time.Millisecond) // the first look, at the start
	plan(t, m, d, 1, func() { time.Sleep(30 * time.Millisecond) })
	until(t, 1500*time.Millisecond, func() bool { return orders.n.Load() == 1 })
}
