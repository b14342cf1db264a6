package gateway

import (
	"figlab/api/contract"
	"figlab/microservices/platform/call"
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

// TestPassesThrough: path, query and headers arrive, those for one hop do not, and the answer is the service's.
func TestPassesThrough(t *testing.T) {
	s := newStand(t, 0)
	f := s.fake(t, "catalog", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "1")
		w.Header().Set(contract.Degraded, "prices")
		w.WriteHeader(http.StatusTeapot)
		_, _ = fmt.Fprint(w, r.RequestURI)
	})
	a := s.ask(t, "GET", "/products?limit=2&after=a%2Fb", nil, contract.RequestID, "request-0001", "Connection", "X-Mine", "X-Mine", "1",
		"Keep-Alive", "3", "Authorization", "Bearer x", "User-Agent", "test", "Host", "shop.example")
	if a.status != http.StatusTeapot || a.body != "/products?limit=2&after=a%2Fb" || a.header.Get(contract.ServedBy) != "a service" ||
		a.header.Get(contract.RequestID) != "request-0001" || a.header.Get("X-Hop") != "" || a.header.Get(contract.Degraded) != "prices" {
		t.Errorf("answered %+v", a)
	}
	h := f.last(t).Header
	if h.Get("X-Mine") != "" || h.Get("Keep-Alive") != "" || h.Get("Authorization") != "Bearer x" || h.Get("User-Agent") != "test" ||
		f.last(t).Host != "shop.example" {
		t.Errorf("the service got %v", h)
	}
	for _, path := range []string{"/products/a%2Fb", "/products/%61", "/products/..", "/products/a%3Fb?c=d", "/products?"} {
		if a := s.ask(t, "GET", path, nil); a.body != path {
			t.Errorf("%s arrived as %s", path, a.body)
		}
	}
}

// TestDropsFromOutside: callers cannot say who a service is, by which way or from where a request came, or name it as they like.
func TestDropsFromOutside(t *testing.T) {
	s := newStand(t, 0)
	f := s.fake(t, "catalog", nil)
	s.ask(t, "GET", "/products", nil, call.PathHeader, "cart>user", call.BudgetHeader, "7", call.IdentityHeader, "cart",
		"X-Forwarded-For", "6.6.6.6", "X-Forwarded-Prefix", "/evil", "X-Forwarded-Host", "evil", "Forwarded", "for=6.6.6.6",
		contract.RequestID, "a b", "Host", "shop.example")
	h := f.last(t).Header
	for name, want := range map[string]string{
		call.PathHeader: "gateway", call.IdentityHeader: "", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Prefix": "", "Forwarded": "",
		"X-Forwarded-Host": "",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s arrived as %q, want %q", name, got, want)
		}
	}
	if h.Get(call.BudgetHeader) == "7" || len(h[contract.RequestID]) != 1 || len(h.Get(contract.RequestID)) != 36 {
		t.Errorf("the service got %v", h)
	}
}

// TestBudgetAndPath: the services learn how long they have and by which way a request came.
func TestBudgetAndPath(t *testing.T) {
	s := newStand(t, 0)
	f := s.fake(t, "cart", nil)
	s.ask(t, "GET", "/cart", nil, "Authorization", s.signed(t, "ada"))
	if left, ok := call.Budget(f.last(t).Header); !ok || left > 2*time.Second || left < time.Second {
		t.Errorf("a budget of %s", left)
	}
}

// TestNoInstance: without anybody to ask the caller is told that nothing happened.
func TestNoInstance(t *testing.T) {
	for code, addresses := range map[string][]string{"no-instance": nil, "unreachable": {refusing(t), refusing(t)}} {
		s := newStand(t, 0)
		s.register("catalog", addresses...)
		for _, method := range []string{"GET", "POST"} {
			a := s.ask(t, method, "/products", nil, contract.RequestID, "request-0001", "Authorization", s.signed(t, "ada"))
			if a.status != 503 || a.code() != code || a.header.Get(contract.NotExecuted) != "1" ||
				a.header.Get(contract.ServedBy) != "gateway" || a.header.Get(contract.RequestID) != "request-0001" ||
				!strings.Contains(a.body, `"request_id":"request-0001"`) {
				t.Errorf("%s over %v: %+v", method, addresses, a)
			}
		}
	}
}

// TestNothingInside: what services ask one another nobody asks from outside.
func TestNothingInside(t *testing.T) {
	s := newStand(t, 0)
	f := s.fake(t, "catalog", nil)
	for _, path := range []string{
		"/internal/products/lookup", "//internal/products/lookup", "/products/../internal/products/lookup", "/internal%2Fproducts",
		"/%69nternal/products/find", "/products/x/..%2F..%2Finternal", "/products/", "/products//page",
	} {
		for _, method := range []string{"GET", "POST"} {
			if a := s.ask(t, method, path, nil); a.status != 404 || a.code() != "no-route" {
				t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
			}
		}
	}
	if f.count() > 0 {
		t.Error("the service was asked")
	}
}

// TestGoesOn: a read is asked of the next instance when one refuses or fails; so is a write that certainly had no effect.
func TestGoesOn(t *testing.T) {
	alive := serve(t, answers(http.StatusOK, "alive"))
	for name, first := range map[string]string{
		"refuses": refusing(t), "fails": serve(t, refuses("unavailable", "overloaded")), "breaks": serve(t, aborts),
	} {
		s := newStand(t, 0)
		s.register("catalog", first, alive)
		if a := s.ask(t, "GET", "/products", nil); a.body != "alive" {
			t.Errorf("one %s: a read was answered %d %s", name, a.status, a.body)
		}
		s.register("cart", first, alive)
		a := s.ask(t, "DELETE", "/cart", nil, "Authorization", s.signed(t, "ada"))
		if (a.body == "alive") != (name == "refuses") {
			t.Errorf("one %s: a write was answered %d %s", name, a.status, a.body)
		}
	}
}

// TestWritesAreSentOnce: unless they carry a key; then they are sent again, whole.
func TestWritesAreSentOnce(t *testing.T) {
	for key, want := range map[string]int{"": 1, "key-of-mine": 2} {
		s := newStand(t, 0)
		f := s.fake(t, "warehouse", func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				aborts(w, r)
			}
		})
		s.ask(t, "GET", "/stock/"+product, nil) // leaves a connection to be used again, which is when the transport repeats
		before := f.count()
		a := s.ask(t, "POST", "/stock/"+product+"/restock", strings.NewReader(`{"quantity":1}`), "Content-Type", "application/json",
			"Authorization", s.signed(t, "ada"), "Idempotency-Key", key)
		if n := f.count() - before; n != want || a.status != 503 || a.code() != "connection-lost" || a.header.Get(contract.NotExecuted) != "" {
			t.Errorf("key %q: sent %d times, answered %d %s", key, n, a.status, a.body)
		}
		for _, said := range f.said[before:] {
			if said != `{"quantity":1}` {
				t.Errorf("the body arrived as %q", said)
			}
		}
	}
}

// TestHalfAnswer does not look whole.
func TestHalfAnswer(t *testing.T) {
	s := newStand(t, 0)
	s.fake(t, "catalog", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, strings.Repeat("x", 100_000))
		panic(http.ErrAbortHandler)
	})
	if a := s.ask(t, "GET", "/products", nil); a.body != "cut" {
		t.Errorf("half an answer came as %d bytes", len(a.body))
	}
}

// TestTimeout: a request that takes too long is answered, and not as if nothing had happened.
func TestTimeout(t *testing.T) {
	s := newStand(t, 0)
	s.fake(t, "cart", hangs)
	s.time = 100 * time.Millisecond
	a := s.ask(t, "DELETE", "/cart", nil, "Authorization", s.signed(t, "ada"))
	if a.status != http.StatusGatewayTimeout || a.code() != "timeout" || a.header.Get(contract.NotExecuted) != "" {
		t.Errorf("answered %d %s", a.status, a.body)
	}
}

// TestOnePacket: a small answer is written at once, and a large one is not kept in memory.
func TestOnePacket(t *testing.T) {
	s := newStand(t, 0)
	large, more := make(chan bool), make(chan struct{})
	s.fake(t, "catalog", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, strings.Repeat("x", 1000))
		if r.URL.RawQuery == "large" {
			_, _ = fmt.Fprint(w, strings.Repeat("x", 1<<20))
			large <- true
			<-more
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	counting := &counter{Listener: l}
	front := httptest.NewUnstartedServer(s.Gateway)
	front.Listener = counting
	front.Start()
	defer front.Close()
	if a := ask1(t, "GET", front.URL+"/products", nil); len(a.body) != 1000 || counting.writes.Load() != 1 {
		t.Errorf("%d bytes in %d writes", len(a.body), counting.writes.Load())
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", front.URL+"/products?large", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if n, err := io.CopyN(io.Discard, resp.Body, 1<<19); err != nil { // while the service has not ended its answer
		t.Error(n, err)
	}
	<-large
	close(more)
}

// counter counts the writes to the connections of a listener.
type counter struct {
	net.Listener
	writes atomic.Int64
}

func (c *counter) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	return counted{conn, c}, err
}

type counted struct {
	net.Conn
	of *counter
}

func (c counted) Write(p []byte) (int, error) {
	c.of.writes.Add(1)
	return c.Conn.Write(p)
}

// ReadFrom is what a TCP connection has: the server takes it where it may, after having sent the header.
func (c counted) ReadFrom(r io.Reader) (int64, error) {
	c.of.writes.Add(1)
	return io.Copy(c.Conn, r)
}

// TestCalls: what is declared is what is used, and it is valid.
func TestCalls(t *testing.T) {
	s := newStand(t, 0)
	used := map[call.Policy]bool{}
	for _, p := range s.calls.Declared() {
		used[p] = true
	}
	for _, p := range Calls() {
		if err := p.Validate(); err != nil {
			t.Error(err)
		}
		if !used[p] {
			t.Errorf("declared and not used: %+v", p)
		}
		delete(used, p)
	}
	if len(used) > 0 {
		t.Errorf("used and not declared: %+v", used)
	}
}
