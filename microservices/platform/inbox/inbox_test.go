package inbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/internalapi"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/microservices/platform/inbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

type letter struct {
	ID string `gorm:"primaryKey"`
}

// TableName names the table.
func (letter) TableName() string { return "letters" }

// desk keeps one letter for each event, unless told to fail.
type desk struct {
	db    *store.Store
	in    *inbox.Consumer
	calls int
	fail  map[string]error // by key of the event
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Kind: store.SQLite, Dir: t.TempDir(), Name: "desk", Migrations: fstest.MapFS{
		"migrations/0010_letters.sql": {Data: []byte("-- +goose Up\nCREATE TABLE letters (id TEXT PRIMARY KEY);")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	d := &desk{db: db, fail: map[string]error{}}
	d.in = inbox.New(inbox.Subscription{Durable: "desk", Events: map[inbox.Kind]inbox.Handler{
		{Capability: shop.Catalog, Type: "product-changed", Schema: 1}: d.handle,
	}}, db, process.Deps{Now: time.Now})
	return d
}

func (d *desk) handle(_ context.Context, tx *store.Tx, e internalapi.Event) error {
	d.calls++
	if err := tx.Create(&letter{e.Key}).Error; err != nil {
		return err
	}
	return d.fail[e.Key]
}

func (d *desk) letters(t *testing.T) (ids []string) {
	t.Helper()
	if err := d.db.Read(t.Context()).Model(&letter{}).Order("id").Pluck("id", &ids).Error; err != nil {
		t.Fatal(err)
	}
	return ids
}

func message(t *testing.T, n int, change func(*internalapi.Event)) bus.Message {
	t.Helper()
	e := internalapi.Event{
		Id: shop.SeedID(1, 9, n), Capability: "catalog", Type: "product-changed", Schema: 1, Key: string(rune('a' + n)), Version: 1,
		Data: json.RawMessage(`{}`),
	}
	if change != nil {
		change(&e)
	}
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return bus.Message{ID: e.Id, Data: b}
}

// TestOnce: an event has its effect once, whether it comes twice in a batch, in two batches, or again after everything.
func TestOnce(t *testing.T) {
	d := newDesk(t)
	a, b := message(t, 0, nil), message(t, 1, nil)
	for _, batch := range [][]bus.Message{{a, b, a}, {b}, {a, b}} {
		if errs := d.in.Handle(t.Context(), batch); errors.Join(errs...) != nil {
			t.Fatal(errs)
		}
	}
	handled, duplicates := d.in.Counts()
	if got := d.letters(t); !slices.Equal(got, []string{"a", "b"}) || d.calls != 2 || handled != 2 || duplicates != 4 {
		t.Errorf("letters %v by %d calls; %d handled, %d duplicates", got, d.calls, handled, duplicates)
	}
}

// TestOneFails: what fails has no effect and comes again; what came with it has its effect.
func TestOneFails(t *testing.T) {
	d := newDesk(t)
	d.fail["b"] = errors.New("no ink")
	batch := []bus.Message{message(t, 0, nil), message(t, 1, nil), message(t, 2, nil)}
	errs := d.in.Handle(t.Context(), batch)
	if errs[0] != nil || errs[2] != nil || errs[1] == nil || bus.Poisoned(errs[1]) {
		t.Fatalf("errors %v: the second alone must come again", errs)
	}
	if got := d.letters(t); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("letters %v", got)
	}
	delete(d.fail, "b")
	if errs := d.in.Handle(t.Context(), batch[1:2]); errs[0] != nil {
		t.Fatal(errs)
	}
	if got := d.letters(t); len(got) != 3 {
		t.Errorf("letters %v", got)
	}
}

// TestPoison: what can never be handled is told apart, with its reason, and does not hold up the others.
func TestPoison(t *testing.T) {
	d := newDesk(t)
	d.fail["a"] = inbox.Poison("it never will")
	for want, m := range map[string]bus.Message{
		"no event":                               {ID: "x", Data: []byte(`{"id":`)},
		"schema 2 of catalog.product-changed is": message(t, 3, func(e *internalapi.Event) { e.Schema = 2 }),
		"schema 1 of catalog.product-eaten is":   message(t, 3, func(e *internalapi.Event) { e.Type = "product-eaten" }),
		"version is missing":                     message(t, 3, func(e *internalapi.Event) { e.Version = 0 }),
		"it never will":                          message(t, 0, nil),
	} {
		good := message(t, 1, nil)
		errs := d.in.Handle(t.Context(), []bus.Message{m, good})
		if !bus.Poisoned(errs[0]) || !strings.Contains(errs[0].Error(), want) || errs[1] != nil {
			t.Errorf("%q: %v", want, errs)
		}
	}
	if got := d.letters(t); !slices.Equal(got, []string{"b"}) {
		t.Errorf("letters %v", got)
	}
}
