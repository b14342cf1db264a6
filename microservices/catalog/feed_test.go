package catalog_test

import (
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/microservices/platform/host"
	"strings"
	"testing"

	rules "figlab/shop/catalog"
)

// TestVersionGuard: whatever comes, in whatever order and how often, the newest version stands.
func TestVersionGuard(t *testing.T) { guard(t, newStand(t)) }

// TestOnPostgres is the same on the other store, and what owners do.
func TestOnPostgres(t *testing.T) {
	dsns := databases(t, "copy", "own")
	on := func(dsn string) func(*host.Config) { return func(c *host.Config) { c.Store, c.DSN = "postgres", dsn } }
	guard(t, newStand(t, on(dsns[0])))
	s := newStand(t, owns(t), on(dsns[1]))
	changes(t, s)
	inside(t, s)
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
			s.name(t, i) // what stood before is kept from now on
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
