package feed_test

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/internalapi"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/strangler/platform/feed"
	"figlab/strangler/platform/plan"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

const subject = "shop.catalog.product-changed"

// A house keeps rows as the feed doors show them: key → version.
type house struct {
	mu         sync.Mutex
	rows       map[string]int64
	checkpoint internalapi.FeedCheckpoint
	applied    int // batches
	broken     bool
	refuses    bool
	url        string
}

func newHouse(t *testing.T, rows int) *house {
	t.Helper()
	h := &house{rows: map[string]int64{}}
	for i := range rows {
		h.rows[fmt.Sprintf("p-%04d", i)] = 1
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /feed/catalog", h.read)
	mux.HandleFunc("POST /feed/catalog", h.apply)
	mux.HandleFunc("GET /feed/catalog/checkpoint", func(w http.ResponseWriter, _ *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		answer(w, h.checkpoint)
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	h.url = server.Listener.Addr().String()
	return h
}

func (h *house) at() (string, bool) { return h.url, true }

func (h *house) read(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	chunk := internalapi.FeedChunk{Events: []internalapi.Event{}}
	for _, key := range sorted(h.rows) {
		if key > r.URL.Query().Get("after") && len(chunk.Events) < limit {
			chunk.Events = append(chunk.Events, event(key, h.rows[key]))
		}
	}
	if len(chunk.Events) == limit {
		chunk.Next = &chunk.Events[limit-1].Key
	}
	answer(w, chunk)
}

func (h *house) apply(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var batch internalapi.FeedBatch
	if h.broken || json.NewDecoder(r.Body).Decode(&batch) != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if h.refuses {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	for _, e := range batch.Events {
		h.rows[e.Key] = max(h.rows[e.Key], e.Version)
	}
	if batch.Checkpoint != nil {
		h.checkpoint = *batch.Checkpoint
	}
	h.applied++
	answer(w, internalapi.FeedApplied{Applied: len(batch.Events)})
}

func (h *house) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

// has says whether the house holds exactly these rows.
func (h *house) has(rows map[string]int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.rows) != len(rows) {
		return false
	}
	for k, v := range rows {
		if h.rows[k] != v {
			return false
		}
	}
	return true
}

func sorted(rows map[string]int64) (keys []string) {
	for k := range rows {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func event(key string, version int64) internalapi.Event {
	return internalapi.Event{
		Id: fmt.Sprintf("%s-%d", key, version), Capability: "catalog", Type: "product-changed", Schema: 1, Key: key, Version: version,
		Origin: "app", OccurredAt: time.Unix(0, 0).UTC(), Data: json.RawMessage(`{}`),
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// newBus starts a broker and connects to it.
func newBus(t *testing.T) (*bus.Bus, process.Deps) {
	t.Helper()
	deps := process.Real("strangler", process.Links{}, io.Discard)
	server, err := bus.NewServer(bus.ServerConfig{Listen: "127.0.0.1:0", Data: t.TempDir()}, deps)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	b, err := bus.Dial(deps, server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.Close()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	eventually(t, "a connection to the broker", b.Connected)
	return b, deps
}

// run runs a feed until the test ends or stop is called.
func run(t *testing.T, source, target *house, b *bus.Bus, deps process.Deps, chunk int) (f *feed.Feed, stop func()) {
	t.Helper()
	f = feed.New(feed.Config{
		Capability: "catalog", Plan: plan.Feed{Events: []string{subject}, Chunk: chunk}, Source: source.at, Target: target.at, Token: "secret",
	}, b, deps)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- process.Run(ctx, 5*time.Second, f.Parts()...) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return f, stop
}

func publish(t *testing.T, b *bus.Bus, events ...internalapi.Event) {
	t.Helper()
	for _, e := range events {
		body, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Publish(t.Context(), bus.Message{Subject: subject, ID: e.Id, Data: body}); err != nil {
			t.Fatal(err)
		}
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: still not so after 15s", what)
		}
	}
}

// TestEverythingArrives: the rows that are there, the changes that come meanwhile, and those that come later.
func TestEverythingArrives(t *testing.T) {
	b, deps := newBus(t)
	source, target := newHouse(t, 95), newHouse(t, 0)
	f, _ := run(t, source, target, b, deps, 10)
	eventually(t, "backfill", func() bool { return f.State().Backfilled })
	if s := f.State(); s.Rows != 95 || !target.has(source.rows) {
		t.Errorf("%d rows were sent and %d arrived of 95", s.Rows, len(target.rows))
	}
	source.set(func() { source.rows["p-0007"], source.rows["p-new"] = 2, 1 })
	publish(t, b, event("p-0007", 2), event("p-new", 1))
	eventually(t, "the changes", func() bool { return target.has(source.rows) })
	eventually(t, "no lag", func() bool { lag, err := f.Lag(t.Context()); return err == nil && lag == 0 })
}

// TestResume: a feed that begins anew goes on where the target stands, and copies nothing twice.
func TestResume(t *testing.T) {
	b, deps := newBus(t)
	source, target := newHouse(t, 40), newHouse(t, 20)
	cursor := "p-0019"
	target.checkpoint = internalapi.FeedCheckpoint{Cursor: &cursor}
	f, stop := run(t, source, target, b, deps, 7)
	eventually(t, "the rest", func() bool { return f.State().Backfilled })
	if s := f.State(); s.Rows != 20 || !target.has(source.rows) {
		t.Errorf("%d rows were sent, want the last 20", s.Rows)
	}
	stop()
	again, _ := run(t, source, target, b, deps, 7)
	eventually(t, "nothing to do", func() bool { return again.State().Backfilled })
	if s := again.State(); s.Rows != 0 {
		t.Errorf("%d rows were sent again", s.Rows)
	}
}

// TestTargetAway: while the target does not answer nothing is lost and nothing is given up.
func TestTargetAway(t *testing.T) {
	b, deps := newBus(t)
	source, target := newHouse(t, 3), newHouse(t, 0)
	f, _ := run(t, source, target, b, deps, 2)
	eventually(t, "backfill", func() bool { return f.State().Backfilled })
	target.set(func() { target.broken = true })
	source.set(func() { source.rows["p-0001"] = 2 })
	publish(t, b, event("p-0001", 2))
	eventually(t, "the feed to notice", func() bool { return f.State().Failure != nil })
	if lag, err := f.Lag(t.Context()); err != nil || lag != 1 {
		t.Errorf("lag is %d (%v), want 1", lag, err)
	}
	target.set(func() { target.broken = false })
	eventually(t, "the change", func() bool { return target.has(source.rows) && f.State().Failure == nil })
}

// TestRefusedChange: what the target will never take must not hold up what comes after.
func TestRefusedChange(t *testing.T) {
	b, deps := newBus(t)
	source, target := newHouse(t, 1), newHouse(t, 0)
	f, _ := run(t, source, target, b, deps, 1)
	eventually(t, "backfill", func() bool { return f.State().Backfilled })
	target.set(func() { target.refuses = true })
	publish(t, b, event("p-bad", 1))
	eventually(t, "the refusal", func() bool { return f.State().Failure != nil })
	target.set(func() { target.refuses = false })
	publish(t, b, event("p-good", 1))
	eventually(t, "the next one", func() bool { target.mu.Lock(); defer target.mu.Unlock(); return target.rows["p-good"] == 1 })
}
