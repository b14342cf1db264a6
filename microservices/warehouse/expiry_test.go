package warehouse

import (
	"figlab/internal/process"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"testing"
	"time"
)

// TestKeptMeanwhile: between the look for what is over and its end a reservation may be kept; then it stays.
func TestKeptMeanwhile(t *testing.T) {
	db, err := store.Open(t.Context(), store.Options{Kind: store.SQLite, Dir: t.TempDir(), Name: "warehouse", Migrations: migrations})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Seed(t.Context(), row{}.TableName(), func(tx *store.Tx) error { return seed(tx, 1, 1) }); err != nil {
		t.Fatal(err)
	}
	deps := process.Real("warehouse-1", nil, t.Output())
	w := &Warehouse{db: db, out: outbox.New(shop.Warehouse, deps), deps: deps}
	if _, err := w.Reserve(t.Context(), "order", []Item{{shop.SeedProduct(1, 0), 2}}, -time.Second); err != nil {
		t.Fatal(err)
	}
	over, err := soonest(db.Read(t.Context()))
	if err != nil || len(over) != 1 {
		t.Fatalf("%d are over: %v", len(over), err)
	}
	if _, err := w.Keep(t.Context(), "order"); err != nil {
		t.Fatal(err)
	}
	if err := w.endOver(t.Context(), "order"); err != nil {
		t.Error(err)
	}
	if r, err := find(db.Read(t.Context()), "order"); err != nil || r.State != kept {
		t.Errorf("it is %q: %v", r.State, err)
	}
	if l, err := w.Stock(t.Context(), shop.SeedProduct(1, 0)); err != nil || l.Reserved != 2 {
		t.Errorf("there is %+v: %v", l, err)
	}
}
