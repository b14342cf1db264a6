package search

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/store"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A stand is a search service beside a broker and a catalog that a test makes answer as it likes.
type stand struct {
	cfg     Config
	bus     *bus.Bus
	catalog *pages
	host    addressed
	stop    func()
}

type addressed interface {
	Addr() string
	AdminAddr() string
}

// pages is a catalog of n products at version 1, ten on a page.
type pages struct {
	mu     sync.Mutex
	n      int
	asked  []string               // the cursors
	before func(after string) int // called before a page; another status than 200 is answered as it is
}

const perPage = 10

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	after := r.URL.Query().Get("after")
	p.mu.Lock()
	p.asked = append(p.asked, after)
	before, n := p.before, p.n
	p.mu.Unlock()
	if before != nil {
		if status := before(after); status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
	}
	from, _ := strconv.Atoi(after)
	page := shopapi.ProductPage{Items: []shopapi.Product{}}
	for i := from; i < min(from+perPage, n); i++ {
		page.Items = append(page.Items, thing(i, 1))
	}
	if from+perPage < n {
		next := strconv.Itoa(from + perPage)
		page.Next = &next
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(page)
}

func (p *pages) cursors() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.asked...)
}

// thing is product i; it is found by "thing", and by words of its number and its version.
func thing(i int, version int64) shopapi.Product {
	return shopapi.Product{
		Id: fmt.Sprintf("00000000-0000-7000-8000-%012d", i), Sku: fmt.Sprint("S", i), Name: fmt.Sprintf("Thing no%d v%d", i, version),
		Description: "A thing", Category: "things", Price: shopapi.Money{Amount: int64(100 + i), Currency: "EUR"}, WeightGrams: 1, OnSale: true,
		Version: version, CreatedAt: time.Unix(int64(i+1), 0).UTC(), UpdatedAt: time.Unix(int64(i+1), 0).UTC(),
	}
}

func offSale(p shopapi.Product) shopapi.Product {
	p.OnSale = false
	return p
}

func newStand(t *testing.T, n int) *stand {
	t.Helper()
	broker, err := bus.NewServer(bus.ServerConfig{Listen: "127.0.0.1:0", Data: t.TempDir()}, deps(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, broker.Run)
	s := &stand{catalog: &pages{n: n}}
	if s.bus, err = bus.Dial(deps(t, "catalog"), broker.URL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.bus.Close)
	server := httptest.NewServer(s.catalog)
	t.Cleanup(server.Close)
	s.cfg = Config{Catalog: server.URL, Config: host.Config{
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", AdminToken: "test", Data: t.TempDir(), Store: "sqlite", Broker: broker.URL(),
	}}
	return s
}

func (s *stand) start(t *testing.T) {
	t.Helper()
	h, err := New(t.Context(), s.cfg, deps(t, "search-1"))
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

func (s *stand) get(t *testing.T, url string, out any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer test")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if b, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 200 || json.Unmarshal(b, out) != nil {
		t.Fatalf("GET %s: %d %s (%v)", url, resp.StatusCode, b, err)
	}
}

func (s *stand) checkpoint(t *testing.T) (at internalapi.FeedCheckpoint) {
	t.Helper()
	s.get(t, "http://"+s.host.AdminAddr()+"/feed/search/checkpoint", &at)
	return at
}

// total is how many products a query finds. The token is of the other door, so none is sent.
func (s *stand) total(t *testing.T, q string) int64 {
	t.Helper()
	resp, err := http.Get("http://" + s.host.Addr() + "/search?q=" + q)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var found shopapi.SearchResult
	if err := json.NewDecoder(resp.Body).Decode(&found); err != nil || resp.StatusCode != 200 {
		t.Fatalf("search %s: %d %v", q, resp.StatusCode, err)
	}
	return found.Total
}

// settled waits until the index is built and every change is in it.
func (s *stand) settled(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		at := s.checkpoint(t)
		if at.Backfilled && at.Pending != nil && *at.Pending == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still at %+v", at)
		}
	}
}

func (s *stand) tell(t *testing.T, products ...shopapi.Product) {
	t.Helper()
	for _, p := range products {
		data, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		s.publish(t, event(p.Id, p.Version, data))
	}
}

func event(key string, version int64, data []byte) internalapi.Event {
	return internalapi.Event{
		Id: fmt.Sprintf("%s-%d-%d", key, version, len(data)), Capability: "catalog", Type: "product-changed", Schema: 1, Key: key,
		Version: version, Origin: "app", Data: data,
	}
}

// publish waits for a broker that is just starting.
func (s *stand) publish(t *testing.T, e internalapi.Event) {
	t.Helper()
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if err = s.bus.Publish(t.Context(), bus.Message{Subject: "shop.catalog.product-changed", ID: e.Id, Data: body}); err == nil {
			return
		}
		if !errors.Is(err, bus.ErrAway) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

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

// telling is a writer that says when something was written.
type telling struct {
	to   io.Writer
	told chan struct{}
}

func (w telling) Write(p []byte) (int, error) {
	select {
	case w.told <- struct{}{}:
	default:
	}
	return w.to.Write(p)
}

// bare is the service without its process, and a way to break its store.
func bare(t *testing.T, s *stand) (service *Search, exec func(sql string)) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Kind: store.SQLite, Dir: s.cfg.Data, Name: "search", Migrations: migrations})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return &Search{db: db, deps: deps(t, "search-1")}, func(sql string) {
		if err := db.Write(t.Context(), func(tx *store.Tx) error { return tx.Exec(sql).Error }); err != nil {
			t.Fatal(err)
		}
	}
}
