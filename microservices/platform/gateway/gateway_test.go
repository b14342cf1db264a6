package gateway

import (
	"context"
	"encoding/json"
	"figlab/api/contract"
	"figlab/api/problem"
	"figlab/internal/process"
	"figlab/internal/registry"
	"figlab/microservices/platform/balance"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A stand is a gateway before catalog instances that a test makes answer as it likes.
type stand struct {
	url       string
	instances atomic.Pointer[[]registry.Instance]
}

func newStand(t testing.TB, addresses ...string) *stand {
	t.Helper()
	s := &stand{}
	s.register(addresses...)
	deps := process.Real("gateway", nil, io.Discard)
	front := httptest.NewServer(build(t, deps, func() []registry.Instance { return *s.instances.Load() }))
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

// build draws the first of what is left each time, so that a test knows who is asked first.
func build(t testing.TB, deps process.Deps, instances func() []registry.Instance) *Gateway {
	t.Helper()
	none := func() []registry.Instance { return nil }
	first := func(int) int { return 0 }
	g, err := newGateway(map[string]pool{
		"catalog": balance.New(instances, first, deps.Now), "search": balance.New(none, first, deps.Now),
	}, deps)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (s *stand) register(addresses ...string) {
	all := make([]registry.Instance, len(addresses))
	for i, a := range addresses {
		all[i] = registry.Instance{Service: "catalog", Name: fmt.Sprint("catalog-", i), Address: a}
	}
	s.instances.Store(&all)
}

func serve(t testing.TB, h http.HandlerFunc) (address string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// refusing is an address that accepts no connection.
func refusing(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

type answered struct {
	status int
	header http.Header
	body   string
}

func (s *stand) ask(t *testing.T, method, path string, body io.Reader, header ...string) answered {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		b = []byte("cut")
	}
	_ = resp.Body.Close()
	return answered{resp.StatusCode, resp.Header, string(b)}
}

func (a answered) code() string {
	var d problem.Document
	if json.Unmarshal([]byte(a.body), &d) != nil {
		return a.body
	}
	return strings.TrimPrefix(d.Type, "urn:figlab:problem:")
}

// TestPassesThrough: path, query and headers arrive, those for one hop do not, and the answer names who gave it.
func TestPassesThrough(t *testing.T) {
	var got *http.Request
	s := newStand(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.Header().Set(contract.ServedBy, "catalog-0")
		w.Header().Set(contract.RequestID, r.Header.Get(contract.RequestID))
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "1")
		w.WriteHeader(http.StatusTeapot)
		_, _ = fmt.Fprint(w, r.URL.RequestURI())
	}))
	a := s.ask(t, "GET", "/products?limit=2&after=a%2Fb", nil, contract.RequestID, "request-0001", "Connection", "X-Mine", "X-Mine", "1",
		"Keep-Alive", "3", "Authorization", "Bearer x", "User-Agent", "test")
	if a.status != http.StatusTeapot || a.body != "/products?limit=2&after=a%2Fb" || a.header.Get(contract.ServedBy) != "catalog-0" ||
		a.header.Get(contract.RequestID) != "request-0001" || a.header.Get("X-Hop") != "" {
		t.Errorf("answered %+v", a)
	}
	h := got.Header
	if h.Get("X-Mine") != "" || h.Get("Keep-Alive") != "" || h.Get("Authorization") != "Bearer x" || h.Get("User-Agent") != "test" ||
		h.Get("X-Forwarded-For") != "127.0.0.1" {
		t.Errorf("the service got %v", h)
	}
	if s.ask(t, "GET", "/products", nil); len(got.Header.Get(contract.RequestID)) != 36 {
		t.Errorf("a request without an id got %q", got.Header.Get(contract.RequestID))
	}
}

// TestRoutes: what has a service is sent there, everything else is nobody's.
func TestRoutes(t *testing.T) {
	s := newStand(t, serve(t, func(http.ResponseWriter, *http.Request) {}))
	for path, want := range map[string]int{
		"GET /products": 200, "GET /products/1": 200, "PATCH /products/1": 200, "POST /products": 200, "GET /categories": 200,
		"GET /products/1/2": 404, "GET /products/": 404, "DELETE /products": 404, "GET /cart": 404, "GET /": 404,
		"GET /recommendations": 404, "GET /search?q=a": 503,
	} {
		method, path, _ := strings.Cut(path, " ")
		a := s.ask(t, method, path, nil)
		if a.status != want || want == 404 && a.code() != "no-service" {
			t.Errorf("%s %s: %d %s, want %d", method, path, a.status, a.body, want)
		}
	}
}

// TestNoInstance: without anybody to ask the caller is told that nothing happened.
func TestNoInstance(t *testing.T) {
	s := newStand(t)
	for _, addresses := range [][]string{nil, {refusing(t)}, {refusing(t), refusing(t)}} {
		s.register(addresses...)
		for _, method := range []string{"GET", "POST"} {
			a := s.ask(t, method, "/products", nil, contract.RequestID, "request-0001")
			if a.status != 503 || a.code() != "no-instance" || a.header.Get(contract.NotExecuted) != "1" ||
				a.header.Get(contract.ServedBy) != "gateway" || a.header.Get(contract.RequestID) != "request-0001" {
				t.Errorf("%s over %v: %+v", method, addresses, a)
			}
		}
	}
}

// TestRefusedIsSkipped: a read goes on to the next instance, and the refusing one is left alone; a write is told, not sent again.
func TestRefusedIsSkipped(t *testing.T) {
	alive := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	s := newStand(t, refusing(t), alive)
	if a := s.ask(t, "POST", "/products", strings.NewReader("{}")); a.code() != "no-instance" {
		t.Errorf("a write met the refusing one: %d %s", a.status, a.body)
	}
	if a := s.ask(t, "POST", "/products", strings.NewReader("{}")); a.status != http.StatusAccepted {
		t.Errorf("the refusing one was not left alone: %d %s", a.status, a.body)
	}
	fresh := newStand(t, refusing(t), alive)
	if a := fresh.ask(t, "GET", "/products", nil); a.status != http.StatusAccepted {
		t.Errorf("a read did not go on: %d %s", a.status, a.body)
	}
}

// TestWritesAreSentOnce: not even the transport repeats a write by itself, whatever its headers say.
func TestWritesAreSentOnce(t *testing.T) {
	var hits atomic.Int64
	s := newStand(t, serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			return
		}
		hits.Add(1)
		panic(http.ErrAbortHandler)
	}))
	for _, body := range []string{"", "{}"} {
		hits.Store(0)
		s.ask(t, "GET", "/products", nil) // leaves a connection to be used again, which is when the transport repeats
		a := s.ask(t, "POST", "/products", strings.NewReader(body), "Idempotency-Key", "k")
		if hits.Load() != 1 || a.code() != "bad-gateway" || a.header.Get(contract.NotExecuted) != "" {
			t.Errorf("body %q: sent %d times, answered %d %s", body, hits.Load(), a.status, a.body)
		}
	}
}

// TestBounds: what is too large is refused, and half an answer does not look whole.
func TestBounds(t *testing.T) {
	s := newStand(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			_, _ = fmt.Fprint(w, strings.Repeat("x", 100_000))
			panic(http.ErrAbortHandler)
		}
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	if a := s.ask(t, "POST", "/products", strings.NewReader(strings.Repeat("x", maxBody+1))); a.status != 413 {
		t.Errorf("too large: %d %s", a.status, a.body)
	}
	if a := s.ask(t, "POST", "/products", strings.NewReader(strings.Repeat("x", maxBody))); a.status != 200 {
		t.Errorf("just right: %d %s", a.status, a.body)
	}
	if a := s.ask(t, "GET", "/products", nil); a.body != "cut" {
		t.Errorf("half an answer came as %d bytes", len(a.body))
	}
}

// TestTimeout: a read is given up after two seconds, and does not leave its instance looking busy.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		instances := []registry.Instance{{Service: "catalog", Name: "catalog-0", Address: "catalog:1"}}
		deps := process.Real("gateway", nil, io.Discard)
		deps.Dial = func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, far) }() // it takes the request and says nothing
			return near, nil
		}
		g := build(t, deps, func() []registry.Instance { return instances })
		began, w := time.Now(), httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest("GET", "/products", nil))
		if took := time.Since(began); w.Code != http.StatusGatewayTimeout || took != readWithin {
			t.Errorf("answered %d after %s", w.Code, took)
		}
		b := g.routes.find("GET", "/products").pool.Pick()
		if b.InFlight() != 1 {
			t.Errorf("%d calls under way, want only the one just begun", b.InFlight())
		}
		synctest.Wait()
	})
}

// BenchmarkGateway measures what the gateway adds to a call of the service, over real sockets.
func BenchmarkGateway(b *testing.B) {
	body := strings.Repeat("x", 2000)
	address := serve(b, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
	s := newStand(b, address, address)
	for name, url := range map[string]string{"direct": "http://" + address, "gateway": s.url} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					resp, err := client.Get(url + "/products/0190a1f0-0000-7000-8000-000000000001")
					if err != nil {
						b.Error(err)
						return
					}
					if n, _ := io.Copy(io.Discard, resp.Body); n != int64(len(body)) {
						b.Errorf("%d bytes", n)
					}
					_ = resp.Body.Close()
				}
			})
		})
	}
}

// BenchmarkServeHTTP measures the gateway's own work, with a service that answers at once.
func BenchmarkServeHTTP(b *testing.B) {
	instances := []registry.Instance{{Name: "a", Address: "a:1"}, {Name: "b", Address: "b:1"}}
	g := build(b, process.Real("gateway", nil, io.Discard), func() []registry.Instance { return instances })
	body := strings.Repeat("x", 2000)
	g.transport = roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	})
	b.ReportAllocs()
	for b.Loop() {
		r := &http.Request{Method: "GET", URL: mustParse, Header: http.Header{contract.RequestID: {"request-0001"}}, RemoteAddr: "127.0.0.1:1"}
		g.ServeHTTP(nowhere{}, r)
	}
}

var mustParse = httptest.NewRequest("GET", "/products/0190a1f0-0000-7000-8000-000000000001", nil).URL

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}
