package search

import (
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/internal/bus"
	"figlab/internal/registry"
	"net/http"
	"strings"
	"testing"
	"time"
)

// degraded is what an answer says of itself.
func (s *stand) degraded(t *testing.T) string {
	t.Helper()
	resp, err := http.Get("http://" + s.host.Addr() + "/search?q=thing")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.Header.Get("X-Degraded")
}

// TestSaysThatItIsNotWhole: it is ready and answers from what is there while the catalog is being read, and says so until that is done,
// once in the life of the index. What it has still to take in is work.
func TestSaysThatItIsNotWhole(t *testing.T) {
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
	if status := s.ready(t); status != http.StatusOK || s.degraded(t) != "index" || s.total(t, "thing") != 10 {
		t.Errorf("half built it is ready %d, answers %q and finds %d", status, s.degraded(t), s.total(t, "thing"))
	}
	close(release)
	s.settled(t)
	if d := s.degraded(t); d != "" {
		t.Errorf("built it says %q", d)
	}
	s.stop()
	s.tell(t, thing(3, 2), thing(4, 2))
	s.catalog.mu.Lock()
	s.catalog.before = func(string) int { return http.StatusServiceUnavailable }
	s.catalog.mu.Unlock()
	s.start(t)
	if d := s.degraded(t); d != "" {
		t.Errorf("in the next life it says %q", d)
	}
	s.settled(t)
	var audit internalapi.Audit
	if s.get(t, "http://"+s.host.AdminAddr()+"/audit", &audit); audit.Work.EventsUnconsumed != 0 {
		t.Errorf("settled, but there are %d changes to take in", audit.Work.EventsUnconsumed)
	}
	_, exec := bare(t, s)
	exec(`CREATE TRIGGER broken BEFORE INSERT ON search_documents BEGIN SELECT RAISE(FAIL, 'broken'); END`)
	s.tell(t, thing(5, 2), thing(99, 1))
	for deadline := time.Now().Add(10 * time.Second); audit.Work.EventsUnconsumed == 0; time.Sleep(5 * time.Millisecond) {
		if s.get(t, "http://"+s.host.AdminAddr()+"/audit", &audit); time.Now().After(deadline) {
			t.Fatal("what waits for the store is no work")
		}
	}
	exec(`DROP TRIGGER broken`)
	s.settled(t)
}

func (s *stand) ready(t *testing.T) int {
	t.Helper()
	resp, err := http.Get("http://" + s.host.AdminAddr() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// TestFindsTheCatalog: nobody says where the catalog is, so the registry does; whatever the stores of the house are, the index is in a
// file of the instance's own.
func TestFindsTheCatalog(t *testing.T) {
	s := newStand(t, 25)
	at := strings.TrimPrefix(s.cfg.Catalog, "http://")
	s.cfg.Catalog, s.cfg.Store, s.cfg.DSN = "", "postgres", "postgres://127.0.0.1:1/none"
	s.start(t)
	if d := s.degraded(t); d != "index" {
		t.Errorf("without a catalog it says %q", d)
	}
	lease := registry.New(s.bus, deps(t, "catalog-1")).Lease(
		registry.Instance{Service: "catalog", Name: "catalog-1", Address: at, Admin: at}, func() error { return nil })
	run(t, lease.Run)
	s.settled(t)
	if n := s.total(t, "thing"); n != 25 {
		t.Errorf("it finds %d", n)
	}
}

// TestVerdicts: each message of a batch has its own.
func TestVerdicts(t *testing.T) {
	s := newStand(t, 0)
	service, _ := bare(t, s)
	message := func(e internalapi.Event) bus.Message {
		body, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		return bus.Message{ID: e.Id, Data: body}
	}
	data, err := json.Marshal(thing(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	verdicts := service.follow(t.Context(), []bus.Message{
		message(event(thing(2, 1).Id, 1, []byte(`[]`))), message(event(thing(1, 1).Id, 1, data)), {ID: "x", Data: []byte("x")},
	})
	if len(verdicts) != 3 || !bus.Poisoned(verdicts[0]) || verdicts[1] != nil || !bus.Poisoned(verdicts[2]) {
		t.Errorf("verdicts are %v", verdicts)
	}
	if n, err := count(service.db.Read(t.Context())); n != 1 || err != nil {
		t.Errorf("%d rows (%v)", n, err)
	}
}
