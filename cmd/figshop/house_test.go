package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/internal/engine"
	"figlab/internal/engine/embedded"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	catalog "figlab/shop/catalog"
)

// A house is a shop at the stage where catalog and search are services, as real processes.
type house struct {
	engine                                        *embedded.Engine
	monolith, strangler, gateway, catalog, search engine.Process
	admin                                         string // session token
}

const (
	products = 200
	bound    = 30 * time.Second // for everything that comes by itself
)

func newHouse(t *testing.T) *house {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "figshop")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build figshop: %v\n%s", err, out)
	}
	e, err := embedded.New(program, filepath.Join(dir, "run"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	h := &house{engine: e}
	start := func(role string, args ...string) engine.Process {
		p, err := e.Start(t.Context(), engine.Spec{
			Name: role, Role: role, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Args: args, Env: []string{"FIGLAB_ADMIN_TOKEN=test"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	at := func(p engine.Process) string { return "http://" + p.Addresses().Listen }
	broker := []string{"--broker", "nats://" + start("broker").Addresses().Listen}
	provider, carrier := start("provider"), start("carrier")
	h.monolith = start("monolith", append(broker, "--products", fmt.Sprint(products), "--users", "5",
		"--provider", at(provider), "--carrier", at(carrier))...)
	keys := append(broker, "--keys", at(h.monolith)+"/.well-known/jwks.json")
	h.strangler = start("strangler", broker...)
	h.gateway = start("gateway", broker...)
	h.search = start("search", append(keys, "--catalog", at(h.strangler))...)
	h.catalog = start("catalog", keys...)
	var session shopapi.Session
	call(t, "POST", at(h.monolith)+"/sessions", "", shopapi.Credentials{Email: "admin@example.com", Password: "figlab-admin"}, &session)
	h.admin = session.Token
	return h
}

// An answer as a caller sees it.
type answer struct {
	status int
	header http.Header
	body   string
}

func call(t *testing.T, method, url, token string, in, out any) answer {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if in == nil {
		body = nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Request-Id", "the-same-for-all")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
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
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			t.Fatalf("%s %s: %d %s: %v", method, url, resp.StatusCode, b, err)
		}
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

// becomes waits for what the processes do by themselves.
func becomes(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(bound); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, bound)
		}
	}
}

// settled waits until both services hold everything the monolith has told.
func (h *house) settled(t *testing.T) {
	t.Helper()
	becomes(t, "the monolith has told everything", func() bool {
		var left internalapi.Audit
		call(t, "GET", "http://"+h.monolith.Addresses().Admin+"/audit", "test", nil, &left)
		return left.Work.OutboxUnpublished == 0
	})
	time.Sleep(50 * time.Millisecond) // a consumer counts a message some moments after it was published
	becomes(t, "the feed is through", func() bool {
		var feeds internalapi.Feeds
		call(t, "GET", "http://"+h.strangler.Addresses().Admin+"/feeds", "test", nil, &feeds)
		return len(feeds.Feeds) == 1 && feeds.Feeds[0].Backfilled && feeds.Feeds[0].Lag == 0 && feeds.Feeds[0].Error == nil
	})
	becomes(t, "the index is through", func() bool {
		var at internalapi.FeedCheckpoint
		call(t, "GET", "http://"+h.search.Addresses().Admin+"/feed/search/checkpoint", "test", nil, &at)
		return at.Backfilled && at.Pending != nil && *at.Pending == 0
	})
}

// same compares what the monolith and the gateway answer.
func (h *house) same(t *testing.T, path, by string) string {
	t.Helper()
	want := call(t, "GET", "http://"+h.monolith.Addresses().Listen+path, "", nil, nil)
	got := call(t, "GET", "http://"+h.gateway.Addresses().Listen+path, "", nil, nil)
	if got.status != want.status || got.body != want.body {
		t.Errorf("GET %s\nmonolith: %d %s\ngateway: %d %s", path, want.status, want.body, got.status, got.body)
	}
	if served := got.header.Get("X-Served-By"); served != by {
		t.Errorf("GET %s was served by %q, want %s", path, served, by)
	}
	return got.body
}

// change changes a product at the monolith.
func (h *house) change(t *testing.T, i int, patch shopapi.ProductPatch) {
	t.Helper()
	url := "http://" + h.monolith.Addresses().Listen + "/products/" + string(catalog.SeedID(1, i))
	if a := call(t, "PATCH", url, h.admin, patch, nil); a.status != http.StatusOK {
		t.Fatalf("change product %d: %d %s", i, a.status, a.body)
	}
}

func query(i int) string {
	q := url.Values{"q": {catalog.SeedWord(1, i)}}
	switch i % 6 {
	case 1:
		q.Set("sort", "price_asc")
	case 2:
		q.Set("category", catalog.Seed(1, i).Category)
	case 3:
		q.Set("min_price", "2000")
		q.Set("max_price", "15000")
		q.Set("sort", "price_desc")
	case 4:
		q.Set("q", catalog.Seed(1, i).Name)
		q.Set("limit", "3")
	case 5:
		q.Set("q", catalog.Seed(1, i).Category[:3]+" "+catalog.SeedWord(1, i)[:2])
		q.Set("sort", "newest")
	}
	return "/search?" + q.Encode()
}

// TestTheHouseAnswersLikeTheMonolith runs the whole shop and asks both houses the same.
func TestTheHouseAnswersLikeTheMonolith(t *testing.T) {
	h := newHouse(t)
	h.settled(t)
	t.Run("products", func(t *testing.T) {
		for i := 0; i < products; i += 17 {
			h.same(t, "/products/"+string(catalog.SeedID(1, i)), "catalog")
		}
		h.same(t, "/products/"+string(catalog.SeedID(1, products)), "catalog") // none: the same problem
		h.same(t, "/products/nonsense", "catalog")
		h.same(t, "/categories", "catalog")
	})
	t.Run("paging", func(t *testing.T) {
		for _, filter := range []string{"limit=33", "category=" + catalog.Seed(1, 3).Category + "&limit=2", "after=nonsense"} {
			pages := 0
			for next := "first"; next != ""; pages++ {
				path := "/products?" + filter
				if next != "first" {
					path += "&after=" + next
				}
				var page shopapi.ProductPage
				if err := json.Unmarshal([]byte(h.same(t, path, "catalog")), &page); err != nil {
					t.Fatal(err)
				}
				next = ""
				if page.Next != nil {
					next = *page.Next
				}
			}
			if filter == "limit=33" && pages != 7 {
				t.Errorf("%d products on %d pages of 33", products, pages)
			}
		}
	})
	t.Run("search", func(t *testing.T) {
		hits := 0
		for i := range 30 {
			var found shopapi.SearchResult
			if err := json.Unmarshal([]byte(h.same(t, query(i), "search")), &found); err != nil {
				t.Fatal(err)
			}
			if found.Total > 0 {
				hits++
			}
		}
		if hits < 25 {
			t.Errorf("only %d of 30 queries found anything", hits)
		}
		h.same(t, "/search?q=%20", "search")
		h.same(t, "/search?q=oak&min_price=5&max_price=4", "search")
	})
	t.Run("writes", h.testWrites)
	t.Run("follows", h.testFollows)
	t.Run("killed", h.testKilled)
}

// testWrites: the house refuses what the monolith owns, and whatever it has no service for, without having done anything.
func (h *house) testWrites(t *testing.T) {
	url := "http://" + h.gateway.Addresses().Listen
	name := "Not this way"
	path := "/products/" + string(catalog.SeedID(1, 1))
	a := call(t, "PATCH", url+path, h.admin, shopapi.ProductPatch{Name: &name}, nil)
	if a.status != http.StatusServiceUnavailable || a.header.Get("X-Not-Executed") != "1" || !bytes.Contains([]byte(a.body), []byte("not-owned")) {
		t.Errorf("a change was answered %d %s (X-Not-Executed %q)", a.status, a.body, a.header.Get("X-Not-Executed"))
	}
	if a := call(t, "PATCH", url+path, "", shopapi.ProductPatch{Name: &name}, nil); a.status != http.StatusUnauthorized {
		t.Errorf("a change by nobody was answered %d %s", a.status, a.body)
	}
	if a := call(t, "GET", url+"/cart", h.admin, nil, nil); a.status != http.StatusServiceUnavailable {
		t.Errorf("the cart was answered %d %s", a.status, a.body)
	}
	h.same(t, path, "catalog")
}

// testFollows: what an admin changes at the monolith arrives in both services.
func (h *house) testFollows(t *testing.T) {
	name, off := "Zephyrine chronograph", false
	h.change(t, 5, shopapi.ProductPatch{Name: &name})
	h.change(t, 6, shopapi.ProductPatch{OnSale: &off})
	h.settled(t)
	h.same(t, "/products/"+string(catalog.SeedID(1, 5)), "catalog")
	h.same(t, "/products/"+string(catalog.SeedID(1, 6)), "catalog")
	h.same(t, "/products?limit=100", "catalog")
	h.same(t, "/categories", "catalog")
	var found shopapi.SearchResult
	if err := json.Unmarshal([]byte(h.same(t, "/search?q=zephyrine", "search")), &found); err != nil || found.Total != 1 {
		t.Errorf("found %+v (%v)", found, err)
	}
	h.same(t, "/search?q="+url.QueryEscape(catalog.Seed(1, 6).Name), "search")
}

// testKilled: what changes while a service is dead arrives once it is back.
func (h *house) testKilled(t *testing.T) {
	for _, p := range []engine.Process{h.search, h.catalog} {
		if err := p.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if a := call(t, "GET", "http://"+h.gateway.Addresses().Listen+"/categories", "", nil, nil); a.status != http.StatusServiceUnavailable ||
		a.header.Get("X-Not-Executed") != "1" {
		t.Errorf("without any instance: %d %s", a.status, a.body)
	}
	name := "Quixotic sundial"
	h.change(t, 7, shopapi.ProductPatch{Name: &name})
	for _, p := range []engine.Process{h.search, h.catalog} {
		if err := p.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"/search?q=quixotic", "/categories"} {
		becomes(t, path+" is answered again", func() bool {
			return call(t, "GET", "http://"+h.gateway.Addresses().Listen+path, "", nil, nil).status == http.StatusOK
		})
	}
	h.settled(t)
	h.same(t, "/products/"+string(catalog.SeedID(1, 7)), "catalog")
	var found shopapi.SearchResult
	if err := json.Unmarshal([]byte(h.same(t, "/search?q=quixotic", "search")), &found); err != nil || found.Total != 1 {
		t.Errorf("found %+v (%v)", found, err)
	}
}
