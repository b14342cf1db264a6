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
