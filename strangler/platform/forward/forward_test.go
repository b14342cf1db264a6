package forward_test

import (
	"context"
	"errors"
	"figlab/api/contract"
	"figlab/internal/process"
	"figlab/strangler"
	"figlab/strangler/platform/forward"
	"figlab/strangler/platform/plan"
	"figlab/strangler/platform/route"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A stand is a strangler between two houses that tests make answer as they like.
type stand struct {
	url               string
	router            *route.Router
	monolith, service http.HandlerFunc
	monolithHits      atomic.Int64
	serviceHits       atomic.Int64
	serviceAt         atomic.Pointer[string] // host:port
}

func newStand(t *testing.T) *stand {
	t.Helper()
	s := &stand{monolith: says("monolith"), service: says("service")}
	mono := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.monolithHits.Add(1)
		s.monolith(w, r)
	}))
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serviceHits.Add(1)
		s.service(w, r)
	}))
	t.Cleanup(mono.Close)
	t.Cleanup(service.Close)
	at := service.Listener.Addr().String()
	s.serviceAt.Store(&at)

	plans, err := strangler.Plans()
	if err != nil {
		t.Fatal(err)
	}
	for i := range plans {
		if plans[i].Shift != nil {
			plans[i].Shift.Timeout = 100 * time.Millisecond
		}
	}
	if s.router, err = route.New(plans, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.router.Shift("catalog", plan.Whole, 0); err != nil {
		t.Fatal(err)
	}
	deps := process.Real("strangler", process.Links{}, io.Discard)
	front := httptest.NewServer(forward.New(s.router,
		func() (string, bool) { return mono.Listener.Addr().String(), true },
		func() (string, bool) { at := *s.serviceAt.Load(); return at, at != "" }, deps))
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

func says(who string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(contract.ServedBy, who)
		_, _ = fmt.Fprintf(w, "%s %s %s", who, r.Method, r.URL.RequestURI())
	}
}

// An answered is what a caller saw.
type answered struct {
	status int
	header http.Header
}

// ask sends a request and returns the answer and its body, "cut" when it did not come whole.
func (s *stand) ask(t *testing.T, method, path, body string) (answered, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Idempotency-Key", "k")
	resp, err := (&http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if errors.Join(err, resp.Body.Close()) != nil {
		b = []byte("cut")
	}
	return answered{resp.StatusCode, resp.Header}, string(b)
}

func (s *stand) counts(operation string) route.Count {
	for _, c := range s.router.Counts() {
		if c.Operation == operation {
			return c
		}
	}
	return route.Count{}
}

func TestReadsGoToTheService(t *testing.T) {
	s := newStand(t)
	resp, body := s.ask(t, "GET", "/products?limit=2&after=a%2Fb", "")
	if body != "service GET /products?limit=2&after=a%2Fb" || resp.header.Get(contract.Degraded) != "" {
		t.Errorf("got %q, degraded %q", body, resp.header.Get(contract.Degraded))
	}
	if _, body := s.ask(t, "POST", "/products", "{}"); !strings.HasPrefix(body, "monolith POST") {
		t.Errorf("a write was answered by %q", body)
	}
	if _, body := s.ask(t, "GET", "/search?q=x", ""); !strings.HasPrefix(body, "monolith GET") {
		t.Errorf("a capability that was not moved was answered by %q", body)
	}
	if c := s.counts("listProducts"); c.Service != 1 || c.Monolith+c.Degraded+c.Failed != 0 {
		t.Errorf("counts are %+v", c)
	}
}

// TestFallback: whatever goes wrong with the service, the monolith answers and the answer says so.
func TestFallback(t *testing.T) {
	for name, spoil := range map[string]func(*stand){
		"refused": func(s *stand) { at := freePort(t); s.serviceAt.Store(&at) },
		"unknown": func(s *stand) { at := ""; s.serviceAt.Store(&at) },
		"error":   func(s *stand) { s.service = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) } },
		"cut":     func(s *stand) { s.service = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) } },
		"silent": func(s *stand) {
			s.service = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			spoil(s)
			resp, body := s.ask(t, "GET", "/products", "")
			if body != "monolith GET /products" || resp.header.Get(contract.Degraded) != "catalog service" {
				t.Errorf("got %d %q, degraded %q", resp.status, body, resp.header.Get(contract.Degraded))
			}
			if c := s.counts("listProducts"); c.Monolith != 1 || c.Degraded != 1 || c.Service != 0 {
				t.Errorf("counts are %+v", c)
			}
		})
	}
}

// TestAnswersAreNotSecondGuessed: what the service says about the request itself is the answer.
func TestAnswersAreNotSecondGuessed(t *testing.T) {
	s := newStand(t)
	s.service = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }
	if resp, _ := s.ask(t, "GET", "/products/1", ""); resp.status != http.StatusNotFound || s.monolithHits.Load() != 0 {
		t.Errorf("got %d after %d calls of the monolith", resp.status, s.monolithHits.Load())
	}
}

// TestBreakerOpens: a service that keeps failing is left alone for a while, and comes back.
func TestBreakerOpens(t *testing.T) {
	s := newStand(t)
	s.service = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }
	for range 40 {
		if _, body := s.ask(t, "GET", "/products", ""); body != "monolith GET /products" {
			t.Fatalf("answered %q", body)
		}
	}
	if n := s.serviceHits.Load(); n < 10 || n > 21 {
		t.Errorf("the failing service was called %d times of 40", n)
	}
	s.service = says("service")
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, body := s.ask(t, "GET", "/products", ""); strings.HasPrefix(body, "service") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the service never got a request again")
		}
	}
}

// TestWritesAreSentOnce: a write whose answer is lost is unknown, and is not tried again behind the caller's back.
func TestWritesAreSentOnce(t *testing.T) {
	s := newStand(t)
	s.ask(t, "POST", "/orders", "{}") // so that there is a connection to break
	s.monolith = func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // read: it may have had its effect
		panic(http.ErrAbortHandler)
	}
	resp, body := s.ask(t, "POST", "/orders", `{"a":1}`)
	if resp.status != http.StatusBadGateway || resp.header.Get(contract.NotExecuted) != "" || s.monolithHits.Load() != 2 {
		t.Errorf("got %d %s, not executed %q, after %d calls", resp.status, body, resp.header.Get(contract.NotExecuted), s.monolithHits.Load()-1)
	}
}

// TestBodylessWriteIsSentOnce: the transport would repeat a write without a body that carries a key, on a connection that breaks.
func TestBodylessWriteIsSentOnce(t *testing.T) {
	s := newStand(t)
	s.ask(t, "POST", "/orders/1/cancel", "") // so that there is a connection to break
	s.monolith = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	if a, _ := s.ask(t, "POST", "/orders/1/cancel", ""); a.status != http.StatusBadGateway || s.monolithHits.Load() != 2 {
		t.Errorf("got %d after %d calls", a.status, s.monolithHits.Load()-1)
	}
}

// TestRefusedWriteSaysSo: what certainly was not sent on is told apart from what may have been.
func TestRefusedWriteSaysSo(t *testing.T) {
	plans, err := strangler.Plans()
	if err != nil {
		t.Fatal(err)
	}
	router, err := route.New(plans, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	deps := process.Real("strangler", process.Links{}, io.Discard)
	for name, address := range map[string]func() (string, bool){
		"nobody":  func() (string, bool) { return "", false },
		"refused": func() (string, bool) { return freePort(t), true },
	} {
		w := httptest.NewRecorder()
		forward.New(router, address, address, deps).ServeHTTP(w, httptest.NewRequest("POST", "/orders", strings.NewReader("{}")))
		if w.Code != http.StatusServiceUnavailable || w.Header().Get(contract.NotExecuted) != "1" || w.Header().Get(contract.RequestID) == "" ||
			w.Header().Get(contract.ServedBy) != "strangler" || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: got %d %v %s", name, w.Code, w.Header(), w.Body)
		}
	}
}

// TestHalfAnAnswerStaysHalf: an answer that is cut must not reach the caller as a whole one.
func TestHalfAnAnswerStaysHalf(t *testing.T) {
	s := newStand(t)
	s.service = func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	if _, body := s.ask(t, "GET", "/products", ""); body != "cut" {
		t.Errorf("the caller got %d bytes and no error", len(body))
	}
}

// TestHeaders: hop-by-hop ones stay on their hop, the rest passes both ways, and a request without an id gets one.
func TestHeaders(t *testing.T) {
	s := newStand(t)
	var seen http.Header
	s.monolith = func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "1")
		w.Header().Set("X-End", "2")
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/cart", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Connection", "X-Secret, Keep-Alive")
	req.Header.Set("X-Secret", "1")
	req.Header.Set("Authorization", "Bearer t")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if seen.Get("X-Secret") != "" || seen.Get("Authorization") != "Bearer t" || seen.Get(contract.RequestID) == "" || seen.Get("X-Forwarded-For") == "" {
		t.Errorf("the monolith saw %v", seen)
	}
	if resp.Header.Get("X-Hop") != "" || resp.Header.Get("X-End") != "2" {
		t.Errorf("the caller saw %v", resp.Header)
	}
}

// freePort is an address nobody listens at.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

func BenchmarkForward(b *testing.B) {
	body := strings.Repeat("x", 400)
	house := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
	defer house.Close()
	plans, err := strangler.Plans()
	if err != nil {
		b.Fatal(err)
	}
	router, err := route.New(plans, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	at := func() (string, bool) { return house.Listener.Addr().String(), true }
	front := httptest.NewServer(forward.New(router, at, at, process.Real("strangler", process.Links{}, io.Discard)))
	defer front.Close()
	for name, url := range map[string]string{"direct": house.URL, "proxied": front.URL} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				resp, err := http.Get(url + "/products/1")
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
}
