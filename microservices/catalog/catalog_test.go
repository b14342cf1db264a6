package catalog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/internal/bus"
	"figlab/internal/engine/postgres"
	"figlab/internal/process"
	"figlab/microservices/catalog"
	"figlab/microservices/platform/host"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	rules "figlab/shop/catalog"
)

// A stand is a catalog service that a test feeds and asks over its doors.
type stand struct {
	cfg  host.Config
	host *host.Host
	stop func()
}

func newStand(t *testing.T, change ...func(*host.Config)) *stand {
	t.Helper()
	broker, err := bus.NewServer(bus.ServerConfig{Listen: "127.0.0.1:0", Data: t.TempDir()}, deps(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, broker.Run)
	s := &stand{cfg: host.Config{
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", AdminToken: "test", Data: t.TempDir(), Store: "sqlite", Broker: broker.URL(),
	}}
	for _, c := range change {
		c(&s.cfg)
	}
	s.start(t)
	return s
}

func (s *stand) start(t *testing.T) {
	t.Helper()
	h, err := catalog.New(t.Context(), s.cfg, deps(t, "catalog-1"))
	if err != nil {
		t.Fatal(err)
	}
	s.host, s.stop = h, run(t, h.Run)
}

func deps(t *testing.T, name string) process.Deps {
	t.Helper()
	d := process.Real(name, nil, t.Output())
	d.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	return d
}

func run(t *testing.T, process func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := process(ctx); err != nil {
			t.Errorf("did not end cleanly: %v", err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// call returns the status and decodes the body into out.
func call(t *testing.T, method, url, token string, in, out any) int {
	t.Helper()
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if out != nil && resp.StatusCode < 300 {
		if err := json.Unmarshal(b, out); err != nil {
			t.Fatalf("%s %s: %s: %v", method, url, b, err)
		}
	}
	return resp.StatusCode
}

func (s *stand) feed(t *testing.T, b internalapi.FeedBatch) (a internalapi.FeedApplied, status int) {
	t.Helper()
	status = call(t, "POST", "http://"+s.host.AdminAddr()+"/feed/catalog", "test", b, &a)
	return a, status
}

func (s *stand) must(t *testing.T, b internalapi.FeedBatch, applied, skipped int) {
	t.Helper()
	a, status := s.feed(t, b)
	if status != 200 || a.Applied != applied || a.Skipped != skipped {
		t.Errorf("fed %d events: %d, applied %d and skipped %d, want %d and %d", len(b.Events), status, a.Applied, a.Skipped, applied, skipped)
	}
}

func (s *stand) checkpoint(t *testing.T) (at internalapi.FeedCheckpoint) {
	t.Helper()
	if status := call(t, "GET", "http://"+s.host.AdminAddr()+"/feed/catalog/checkpoint", "test", nil, &at); status != 200 {
		t.Fatalf("checkpoint: %d", status)
	}
	return at
}

// name is that of product i, "" when there is none.
func (s *stand) name(t *testing.T, i int) string {
	t.Helper()
	var p shopapi.Product
	call(t, "GET", "http://"+s.host.Addr()+"/products/"+string(rules.SeedID(1, i)), "", nil, &p)
	return p.Name
}

// event is a change of product i; its name tells the version.
func event(i int, version int64) internalapi.Event {
	p := rules.Seed(1, i)
	data, err := json.Marshal(shopapi.Product{
		Id: string(p.ID), Sku: p.SKU, Name: fmt.Sprint("v", version), Description: p.Description, Category: p.Category,
		Price:       shopapi.Money{Amount: p.Price.Amount, Currency: string(p.Price.Currency)},
		WeightGrams: int64(p.Weight), OnSale: true, Version: version, CreatedAt: p.Created, UpdatedAt: p.Updated,
	})
	if err != nil {
		panic(err)
	}
	return internalapi.Event{
		Id: fmt.Sprintf("e-%d-%d", i, version), Capability: "catalog", Type: "product-changed", Schema: 1, Key: string(p.ID), Version: version,
		Origin: "app", OccurredAt: p.Created, Data: data,
	}
}

func batch(events ...internalapi.Event) internalapi.FeedBatch {
	return internalapi.FeedBatch{Events: events}
}

// TestVersionGuard: whatever comes, in whatever order and how often, the newest version stands.
func TestVersionGuard(t *testing.T) { guard(t, newStand(t)) }

// TestVersionGuardOnPostgres is the same on the other store.
func TestVersionGuardOnPostgres(t *testing.T) {
	dsn := database(t)
	guard(t, newStand(t, func(c *host.Config) { c.Store, c.DSN = "postgres", dsn }))
}

func guard(t *testing.T, s *stand) {
	t.Helper()
	for i, c := range []struct {
		what             string
		versions         [][]int64 // of one product, batch by batch
		applied, skipped int       // of the last batch
		stands           string
	}{
		{"first", [][]int64{{1}}, 1, 0, "v1"},
		{"newer", [][]int64{{1}, {2}}, 1, 0, "v2"},
		{"twice", [][]int64{{3}, {3}}, 0, 1, "v3"},
		{"stale", [][]int64{{3}, {2}}, 0, 1, "v3"},
		{"a gap", [][]int64{{1}, {9}}, 1, 0, "v9"},
		{"first seen late", [][]int64{{7}}, 1, 0, "v7"},
		{"reordered in one batch", [][]int64{{3, 1, 2}}, 1, 2, "v3"},
		{"twice in one batch", [][]int64{{2, 2}}, 1, 1, "v2"},
		{"partly stale", [][]int64{{2}, {1, 2, 3}}, 1, 2, "v3"},
		{"empty", [][]int64{{1}, {}}, 0, 0, "v1"},
	} {
		for n, versions := range c.versions {
			b := internalapi.FeedBatch{Events: []internalapi.Event{}}
			for _, v := range versions {
				b.Events = append(b.Events, event(i, v))
			}
			if n < len(c.versions)-1 {
				s.feed(t, b)
				continue
			}
			s.must(t, b, c.applied, c.skipped)
		}
		if got := s.name(t, i); got != c.stands {
			t.Errorf("%s: %s stands, want %s", c.what, got, c.stands)
		}
	}
}

// TestFeedTwice: a whole chunk, larger than one statement takes, fed a second time changes nothing and costs no error.
func TestFeedTwice(t *testing.T) {
	s := newStand(t)
	var b internalapi.FeedBatch
	for i := range 1200 {
		b.Events = append(b.Events, event(i, 1))
	}
	s.must(t, b, 1200, 0)
	s.must(t, b, 0, 1200)
	if at := s.checkpoint(t); at.Rows == nil || *at.Rows != 1200 {
		t.Errorf("checkpoint is %+v", at)
	}
	var read []internalapi.Event
	for path := "/feed/catalog?limit=500"; path != ""; {
		var chunk internalapi.FeedChunk
		if status := call(t, "GET", "http://"+s.host.AdminAddr()+path, "test", nil, &chunk); status != 200 {
			t.Fatalf("GET %s: %d", path, status)
		}
		read, path = append(read, chunk.Events...), ""
		if chunk.Next != nil {
			path = "/feed/catalog?limit=500&after=" + *chunk.Next
		}
	}
	if len(read) != 1200 || read[7].Key != b.Events[7].Key || string(read[7].Data) != string(b.Events[7].Data) {
		t.Errorf("%d rows come out again, the eighth as %s, want %s", len(read), read[7].Data, b.Events[7].Data)
	}
}

// TestCheckpointSurvives: rows and checkpoint are there after a restart; a batch from the tail leaves the checkpoint alone.
func TestCheckpointSurvives(t *testing.T) {
	s := newStand(t)
	if at := s.checkpoint(t); at.Backfilled || at.Cursor != nil {
		t.Errorf("a new store says %+v", at)
	}
	cursor := rules.Cursor(rules.SeedID(1, 1))
	b := batch(event(0, 1), event(1, 1))
	b.Checkpoint = &internalapi.FeedCheckpoint{Cursor: &cursor}
	s.must(t, b, 2, 0)
	s.must(t, batch(event(1, 2)), 1, 0)
	s.stop()
	s.start(t)
	if at := s.checkpoint(t); at.Backfilled || at.Cursor == nil || *at.Cursor != cursor || *at.Rows != 2 {
		t.Errorf("after the restart it says %+v", at)
	}
	b = batch(event(2, 1))
	b.Checkpoint = &internalapi.FeedCheckpoint{Backfilled: true}
	s.must(t, b, 1, 0)
	if at := s.checkpoint(t); !at.Backfilled || at.Cursor != nil {
		t.Errorf("at the end it says %+v", at)
	}
}

// TestMalformed: one wrong event, and nothing of the batch is applied, the checkpoint neither.
func TestMalformed(t *testing.T) {
	s := newStand(t)
	changed := func(change func(*internalapi.Event)) internalapi.Event {
		e := event(1, 1)
		change(&e)
		return e
	}
	data := func(from, to string) internalapi.Event {
		return changed(func(e *internalapi.Event) { e.Data = json.RawMessage(strings.Replace(string(e.Data), from, to, 1)) })
	}
	deleted, cursor := true, "p_x"
	for what, e := range map[string]internalapi.Event{
		"capability": changed(func(e *internalapi.Event) { e.Capability = "cart" }),
		"type":       changed(func(e *internalapi.Event) { e.Type = "order-placed" }),
		"schema":     changed(func(e *internalapi.Event) { e.Schema = 2 }),
		"deleted":    changed(func(e *internalapi.Event) { e.Deleted = &deleted }),
		"key":        changed(func(e *internalapi.Event) { e.Key = string(rules.SeedID(1, 2)) }),
		"version":    changed(func(e *internalapi.Event) { e.Version = 2 }),
		"no data":    changed(func(e *internalapi.Event) { e.Data = json.RawMessage(`[]`) }),
		"price":      data(`"amount":`, `"amount":-`),
		"currency":   data(`EUR`, `USD`),
		"id":         data(string(rules.SeedID(1, 1)), "1"),
		"sku":        data(rules.Seed(1, 1).SKU, ""),
		"same sku":   data(rules.Seed(1, 1).SKU, rules.Seed(1, 0).SKU),
		"created":    data(`"created_at":`, `"created":`),
	} {
		b := batch(event(0, 1), e)
		b.Checkpoint = &internalapi.FeedCheckpoint{Cursor: &cursor}
		if _, status := s.feed(t, b); status != 422 {
			t.Errorf("wrong %s: answered %d", what, status)
		}
		if at := s.checkpoint(t); *at.Rows != 0 || at.Cursor != nil {
			t.Errorf("wrong %s: something was applied: %+v, %d rows", what, at, *at.Rows)
		}
	}
	url := "http://" + s.host.AdminAddr() + "/feed/"
	if status := call(t, "POST", url+"cart", "test", batch(), nil); status != 404 {
		t.Errorf("the feed of another capability: %d", status)
	}
	if status := call(t, "POST", url+"catalog", "", batch(), nil); status != 401 {
		t.Errorf("without the token: %d", status)
	}
}

// TestDoors: health, readiness and the audit, which holds nothing.
func TestDoors(t *testing.T) {
	s := newStand(t)
	var audit internalapi.Audit
	if status := call(t, "GET", "http://"+s.host.AdminAddr()+"/audit", "test", nil, &audit); status != 200 || audit.Orders == nil || len(audit.Orders) > 0 {
		t.Errorf("audit: %d %+v", status, audit)
	}
	if status := call(t, "GET", "http://"+s.host.AdminAddr()+"/readyz", "", nil, nil); status != 200 {
		t.Errorf("ready: %d", status)
	}
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
	if err := c.Create(t.Context(), "catalog"); err != nil {
		t.Fatal(err)
	}
	return c.DSN("catalog")
}
