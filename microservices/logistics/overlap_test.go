package logistics

import (
	"context"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/internal/process"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"testing"
	"time"
)

// told is a carrier that does and says what a test wants.
type told struct {
	booking func()
	news    []internalapi.ParcelEvent
}

func (c *told) book(context.Context, Shipment, string) (string, error) {
	if c.booking != nil {
		c.booking()
	}
	return "FIG00000001", nil
}

func (c *told) events(context.Context, int64) ([]internalapi.ParcelEvent, error) { return c.news, nil }

// bare is a service without doors, and the carrier it asks. Copies of it are replicas.
func bare(t *testing.T) (*Logistics, *told) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Kind: store.SQLite, Dir: t.TempDir(), Name: "logistics", Migrations: migrations})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	deps, c := process.Real("logistics-1", nil, t.Output()), &told{}
	return &Logistics{db: db, out: outbox.New(shop.Logistics, deps), carrier: c, deps: deps, planned: make(chan struct{}, 1)}, c
}

// confirm lets the service hear that an order is confirmed.
func confirm(t *testing.T, l *Logistics, order string) {
	t.Helper()
	data, err := json.Marshal(shopapi.Order{Id: order, State: shopapi.OrderStateConfirmed})
	if err != nil {
		t.Fatal(err)
	}
	err = l.db.Write(t.Context(), func(tx *store.Tx) error {
		return l.orderChanged(t.Context(), tx, internalapi.Event{Key: order, Version: 2, Data: data})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (l *Logistics) read(t *testing.T, id string) Shipment {
	t.Helper()
	s, err := find(l.db.Read(t.Context()), "id = ?", id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestDueOnce: news that are repeated do not put a parcel off, and do not bring back one that was recalled.
func TestDueOnce(t *testing.T) {
	l, _ := bare(t)
	p, err := l.Plan(t.Context(), "order", Parcel{})
	if err != nil {
		t.Fatal(err)
	}
	confirm(t, l, "order")
	first := l.read(t, p.ID).Due
	l.delay = time.Hour
	confirm(t, l, "order")
	if again := l.read(t, p.ID).Due; first == 0 || again != first {
		t.Errorf("due at %d, and later at %d", first, again)
	}
	q, err := l.Plan(t.Context(), "another", Parcel{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Recall(t.Context(), "another"); err != nil {
		t.Fatal(err)
	}
	confirm(t, l, "another")
	if got := l.read(t, q.ID); got.Due != 0 || got.State != "cancelled" || got.Version != 2 {
		t.Errorf("recalled, then %+v", got)
	}
}

// TestTwoAtOnce: for a moment two replicas may both hold a duty. What the slower one brings is nothing new.
func TestTwoAtOnce(t *testing.T) {
	l, c := bare(t)
	p, err := l.Plan(t.Context(), "order", Parcel{})
	if err != nil {
		t.Fatal(err)
	}
	confirm(t, l, "order")
	other := *l
	slow := &told{booking: func() {
		if err := l.carry(t.Context(), []string{p.ID}); err != nil {
			t.Error(err)
		}
		c.news = []internalapi.ParcelEvent{
			{Sequence: 1, Key: p.ID, State: internalapi.ParcelEventStateBooked},
			{Sequence: 2, Key: p.ID, State: internalapi.ParcelEventStateDelivered},
		}
		if err := l.listen(t.Context()); err != nil {
			t.Error(err)
		}
	}}
	other.carrier = slow
	if err := other.carry(t.Context(), []string{p.ID}); err != nil {
		t.Error(err)
	}
	if got := l.read(t, p.ID); got.State != "delivered" || got.Version != 3 {
		t.Errorf("booked by two: %+v", got)
	}
	slow.news = c.news
	if err := other.listen(t.Context()); err != nil {
		t.Error(err)
	}
	slow.news = c.news[:1]
	if err := other.listen(t.Context()); err != nil {
		t.Error(err)
	}
	at, err := cursor(l.db.Read(t.Context()))
	if got := l.read(t, p.ID); err != nil || at != 2 || got.Version != 3 {
		t.Errorf("heard by two: %+v, and the cursor is at %d: %v", got, at, err)
	}
	if n, err := outbox.Unpublished(l.db.Read(t.Context())); err != nil || n != 3 {
		t.Errorf("%d changes told, want 3: %v", n, err)
	}
}
