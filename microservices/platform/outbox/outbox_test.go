package outbox_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"figlab/api/internalapi"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

// paper keeps what is published, unless the press stands still.
type paper struct {
	mu     sync.Mutex
	still  bool
	keys   []string
	events []internalapi.Event
	came   chan struct{}
}

var errStill = errors.New("the press stands still")

// Publish implements what the relay needs of the bus.
func (p *paper) Publish(_ context.Context, messages ...bus.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.still {
		return errStill
	}
	for _, m := range messages {
		var e internalapi.Event
		if err := json.Unmarshal(m.Data, &e); err != nil || m.ID != e.Id || m.Subject != "shop."+e.Capability+"."+e.Type {
			return errors.Join(err, errors.New("message and event do not fit"))
		}
		p.keys, p.events = append(p.keys, e.Key), append(p.events, e)
		p.came <- struct{}{}
	}
	return nil
}

// writer is one replica of a service.
type writer struct {
	name string
	db   *store.Store
	out  outbox.Outbox
	deps process.Deps
}

func newWriter(t *testing.T, dir, name string, now func() time.Time) *writer {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Kind: store.SQLite, Dir: dir, Name: "w", Migrations: fstest.MapFS{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	deps := process.Deps{Name: name, Now: now, IDs: process.IDs{Now: now, Random: rand.Reader}, Log: slog.New(slog.DiscardHandler)}
	return &writer{name, db, outbox.New(shop.Cart, deps), deps}
}

func (w *writer) write(t *testing.T, fail error, keys ...string) {
	t.Helper()
	err := w.db.Write(t.Context(), func(tx *store.Tx) error {
		for _, k := range keys {
			if err := w.out.Append(tx, outbox.Change{Type: "changed", Key: k, Version: 7, User: "u", Data: map[string]int{"n": 1}}); err != nil {
				return err
			}
		}
		return fail
	})
	if !errors.Is(err, fail) {
		t.Fatal(err)
	}
}

func (w *writer) relay(t *testing.T, p *paper) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- outbox.Relay(w.db, p, w.deps).Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func (p *paper) wait(t *testing.T, n int) {
	t.Helper()
	for range n {
		select {
		case <-p.came:
		case <-time.After(10 * time.Second):
			t.Fatalf("only %v came", p.keys)
		}
	}
}

// TestRelay: what was committed goes out in order, as soon as it is committed, and what was rolled back does not.
func TestRelay(t *testing.T) {
	w, p := newWriter(t, t.TempDir(), "one", time.Now), &paper{came: make(chan struct{}, 100)}
	w.write(t, nil, "before")
	w.relay(t, p)
	p.wait(t, 1)
	w.write(t, errStill, "never")
	w.write(t, nil, "a", "b")
	w.write(t, nil, "c")
	p.wait(t, 3)
	if !slices.Equal(p.keys, []string{"before", "a", "b", "c"}) {
		t.Errorf("published %v", p.keys)
	}
	if e := p.events[1]; e.Version != 7 || e.Schema != 1 || e.UserId == nil || *e.UserId != "u" || e.Origin != "app" || string(e.Data) != `{"n":1}` {
		t.Errorf("event %+v", e)
	}
	until(t, func() bool { n, err := outbox.Unpublished(w.db.Read(t.Context())); return err == nil && n == 0 })
}

// TestPressStandsStill: what the bus does not take stays, and goes out when it takes it.
func TestPressStandsStill(t *testing.T) {
	w, p := newWriter(t, t.TempDir(), "one", time.Now), &paper{came: make(chan struct{}, 100), still: true}
	w.relay(t, p)
	w.write(t, nil, "a")
	time.Sleep(50 * time.Millisecond)
	if n, err := outbox.Unpublished(w.db.Read(t.Context())); err != nil || n != 1 {
		t.Fatalf("%d unpublished (%v), want 1", n, err)
	}
	p.mu.Lock()
	p.still = false
	p.mu.Unlock()
	p.wait(t, 1)
}

// TestReplicas: each relays what it wrote; what a replica that is gone has left is adopted once it is old.
func TestReplicas(t *testing.T) {
	dir := t.TempDir()
	past := func() time.Time { return time.Now().Add(-time.Minute) }
	gone, fresh, alive := newWriter(t, dir, "gone", past), newWriter(t, dir, "fresh", time.Now), newWriter(t, dir, "alive", time.Now)
	gone.write(t, nil, "left")
	fresh.write(t, nil, "not mine")
	p := &paper{came: make(chan struct{}, 100)}
	alive.relay(t, p)
	alive.write(t, nil, "mine")
	p.wait(t, 2)
	p.mu.Lock()
	defer p.mu.Unlock()
	if got := slices.Compact(slices.Sorted(slices.Values(p.keys))); !slices.Equal(got, []string{"left", "mine"}) {
		t.Errorf("alive published %v", got)
	}
}

func until(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never")
		}
	}
}
