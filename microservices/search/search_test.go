package search

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/internalapi"
	"figlab/internal/bus"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestFollows: the backfill brings what is there, the events what changes; whatever is off sale is not found, and nothing older revives it.
func TestFollows(t *testing.T) {
	s := newStand(t, 25)
	s.start(t)
	s.settled(t)
	if at := s.checkpoint(t); *at.Rows != 25 || s.total(t, "thing") != 25 {
		t.Errorf("%d rows, %d found, want 25", *at.Rows, s.total(t, "thing"))
	}
	s.tell(t, thing(3, 2), thing(50, 1), offSale(thing(4, 5)), thing(3, 1), thing(4, 4), offSale(thing(31, 2)), thing(31, 1))
	s.settled(t)
	for q, want := range map[string]int64{"no3%20v2": 1, "no3%20v1": 0, "no50": 1, "no4": 0, "no31": 0, "thing": 25} {
		if got := s.total(t, q); got != want {
			t.Errorf("%q finds %d, want %d", q, got, want)
		}
	}
	s.tell(t, thing(4, 6))
	s.settled(t)
	if got := s.total(t, "no4%20v6"); got != 1 {
		t.Errorf("back on sale it is found %d times", got)
	}
}

// TestBackfillResumes: a service that is stopped in the middle goes on where it was, and reads nothing twice in a third life.
func TestBackfillResumes(t *testing.T) {
	s := newStand(t, 45)
	middle := make(chan struct{}, 1)
	s.catalog.before = func(after string) int {
		if after != "20" {
			return http.StatusOK
		}
		select {
		case middle <- struct{}{}:
		default: // it tries again and again
		}
		return http.StatusServiceUnavailable
	}
	s.start(t)
	<-middle
	if at := s.checkpoint(t); at.Backfilled || at.Cursor == nil || *at.Cursor != "20" || *at.Rows != 20 {
		t.Errorf("in the middle it says %+v", at)
	}
	s.stop()
	s.catalog.mu.Lock()
	s.catalog.before, s.catalog.asked = nil, nil
	s.catalog.mu.Unlock()
	s.start(t)
	s.settled(t)
	if got := fmt.Sprint(s.catalog.cursors()); got != "[20 30 40]" || s.total(t, "thing") != 45 {
		t.Errorf("the second life read the pages %s and finds %d", got, s.total(t, "thing"))
	}
	s.stop()
	s.start(t)
	s.settled(t)
	if got := s.catalog.cursors(); len(got) != 3 || s.total(t, "thing") != 45 {
		t.Errorf("after the third start the pages %v had been read", got)
	}
}

// TestNewerEventWins: a change that is told while its page is being read stands, though the page is written after it.
func TestNewerEventWins(t *testing.T) {
	s := newStand(t, 15)
	held, release := make(chan struct{}), make(chan struct{})
	s.catalog.before = func(after string) int {
		if after == "10" {
			close(held)
			<-release
		}
		return http.StatusOK
	}
	s.start(t)
	<-held
	s.tell(t, thing(12, 3), offSale(thing(13, 2)))
	for deadline := time.Now().Add(10 * time.Second); s.total(t, "no12%20v3") != 1; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the change does not arrive while the backfill is at work")
		}
	}
	close(release)
	s.settled(t)
	for q, want := range map[string]int64{"no12%20v3": 1, "no12": 1, "no13": 0, "thing": 14} {
		if got := s.total(t, q); got != want {
			t.Errorf("%q finds %d, want %d", q, got, want)
		}
	}
}

// TestToldBeforeTheStart: what is told while the service is away arrives; the consumer was there before the backfill read anything.
func TestToldBeforeTheStart(t *testing.T) {
	s := newStand(t, 5)
	there := make(chan error, 1)
	s.catalog.before = func(string) int {
		_, err := s.bus.JetStream().Consumer(t.Context(), "SHOP", "index-search-1")
		there <- err
		return http.StatusOK
	}
	s.start(t)
	if err := <-there; err != nil {
		t.Errorf("when the backfill began there was no consumer: %v", err)
	}
	s.settled(t)
	s.stop()
	s.tell(t, thing(2, 2))
	s.start(t)
	s.settled(t)
	if got := s.total(t, "no2%20v2"); got != 1 {
		t.Errorf("found %d times", got)
	}
}

// TestMalformed: an event that cannot be read ends in the dead letters and takes nothing else of its batch with it.
func TestMalformed(t *testing.T) {
	s := newStand(t, 0)
	good, err := json.Marshal(thing(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	id := thing(1, 1).Id
	for what, e := range map[string]internalapi.Event{
		"data": event(id, 1, []byte(`[]`)), "key": event("x", 1, good), "version": event(id, 2, good),
		"schema": func() internalapi.Event { e := event(id, 1, good); e.Schema = 2; return e }(),
	} {
		body, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := product(body); err == nil {
			t.Errorf("wrong %s was read", what)
		}
	}
	s.publish(t, event(id, 7, []byte(`[]`)))
	s.tell(t, thing(2, 1))
	s.start(t)
	for deadline := time.Now().Add(10 * time.Second); s.total(t, "no2") != 1; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the good event beside the bad one is not indexed")
		}
	}
}

// TestWaitsForItsStore: a change is held until the store takes it, and given up only with the process.
func TestWaitsForItsStore(t *testing.T) {
	s := newStand(t, 0)
	service, exec := bare(t, s)
	exec(`CREATE TRIGGER broken BEFORE INSERT ON search_documents BEGIN SELECT RAISE(FAIL, 'broken'); END`)
	data, err := json.Marshal(thing(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(event(thing(1, 1).Id, 1, data))
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	logged := make(chan struct{}, 16)
	service.deps.Log = slog.New(slog.NewTextHandler(telling{&log, logged}, nil))
	done := make(chan error, 1)
	go func() { done <- errors.Join(service.follow(t.Context(), []bus.Message{{ID: "1", Data: body}})...) }()
	for range 2 { // it fails and goes on
		select {
		case <-logged:
		case err := <-done:
			t.Fatalf("it gave the message back: %v", err)
		}
	}
	exec(`DROP TRIGGER broken`)
	if err := <-done; err != nil {
		t.Errorf("after the store came back: %v", err)
	}
	if n, err := count(service.db.Read(t.Context())); n != 1 || err != nil {
		t.Errorf("%d rows (%v)", n, err)
	}
	exec(`CREATE TRIGGER broken BEFORE INSERT ON search_documents BEGIN SELECT RAISE(FAIL, 'broken'); END`)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- errors.Join(service.follow(ctx, []bus.Message{{ID: "1", Data: body}})...) }()
	<-logged
	cancel()
	if err := <-done; err == nil {
		t.Error("the message would be acknowledged though it is in no store")
	}
}
