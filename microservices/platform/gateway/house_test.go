package gateway

import (
	"context"
	"encoding/json"
	"figlab/api/contract"
	"figlab/api/internalapi"
	"figlab/internal/bus"
	"figlab/internal/identity"
	"figlab/internal/process"
	"figlab/internal/registry"
	"figlab/microservices/platform/call"
	"figlab/microservices/platform/host"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A house is a gateway as it runs: beside a broker, finding services by the registry.
type house struct {
	url, admin string
	register   func(service, address string) (stop func())
	authority  *identity.Authority
}

func newHouse(t testing.TB, rate float64) *house {
	t.Helper()
	broker, err := bus.NewServer(bus.ServerConfig{Listen: "127.0.0.1:0", Data: t.TempDir()}, quiet("broker"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, broker.Run)
	authority, err := identity.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{ClientRate: rate, Config: host.Config{
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", AdminToken: "test", Data: t.TempDir(), Owns: true, Broker: broker.URL(), Identity: who(t, authority, service),
	}}
	h, err := New(cfg, quiet("gateway-1"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, h.Run)
	b, err := bus.Dial(quiet("test"), broker.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	known := registry.New(b, quiet("test"))
	return &house{
		url: "http://" + h.Addr(), admin: "http://" + h.AdminAddr(), authority: authority,
		register: func(service, address string) func() {
			i := registry.Instance{Service: service, Name: service + "-1", Address: address}
			return run(t, known.Lease(i, func() error { return nil }).Run)
		},
	}
}

func who(t testing.TB, a *identity.Authority, service string) *identity.Identity {
	t.Helper()
	secret, err := a.Issue(service)
	if err != nil {
		t.Fatal(err)
	}
	i, err := identity.Load(secret, a.Public(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func quiet(name string) process.Deps {
	d := process.Real(name, nil, io.Discard)
	d.Log = slog.New(slog.DiscardHandler)
	return d
}

func run(t testing.TB, process func(context.Context) error) (stop func()) {
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

// becomes waits for an answer with a status.
func (h *house) becomes(t testing.TB, path string, status int) answered {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		a := ask1(t, "GET", h.url+path, nil)
		if a.status == status {
			return a
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s never answered %d: %+v", path, status, a)
		}
	}
}

// TestHouse: a service is found when it comes, told who asks, and missed when it goes; the admin door tells how it went.
func TestHouse(t *testing.T) {
	h := newHouse(t, 0)
	a := ask1(t, "GET", h.url+"/products", nil)
	if a.status != 503 || a.code() != "no-instance" || a.header.Get(contract.NotExecuted) != "1" || a.header.Get(contract.ServedBy) != "gateway-1" {
		t.Errorf("before anybody came: %+v", a)
	}
	f := &fake{}
	stop := h.register("catalog", serve(t, f.ServeHTTP))
	if a := h.becomes(t, "/products?limit=3", 200); a.header.Get(contract.ServedBy) != "a service" {
		t.Errorf("%+v", a)
	}
	r := f.last(t)
	if name, err := who(t, h.authority, "catalog").Verify(r.Header.Get(call.IdentityHeader)); name != service || err != nil {
		t.Errorf("the service was asked by %q (%v)", name, err)
	}
	if a := ask1(t, "GET", h.url+"/products", nil, call.IdentityHeader, "cart", call.PathHeader, "cart",
		"Authorization", "Bearer a.b.c"); a.status != 200 ||
		f.last(t).Header.Get(call.IdentityHeader) == "cart" || f.last(t).Header.Get(call.PathHeader) != service {
		t.Errorf("%+v, asked with %v", a, f.last(t).Header)
	}
	if a := ask1(t, "POST", h.url+"/products", strings.NewReader("{}")); a.status != 401 {
		t.Errorf("a write by nobody: %+v", a)
	}
	stop()
	h.becomes(t, "/products", 503)
	var report internalapi.CallReport
	if err := json.Unmarshal([]byte(ask1(t, "GET", h.admin+"/calls", nil, "Authorization", "Bearer test").body), &report); err != nil {
		t.Fatal(err)
	}
	told := map[string]int64{}
	for _, c := range report.Calls {
		told[c.To+" "+c.Why] += c.Calls
	}
	if report.Service != service || told["catalog what shoppers read"] < 4 || len(report.Calls) != len(Calls())+1 {
		t.Errorf("%d policies, %v", len(report.Calls), told)
	}
}

// TestHouseWithoutKeys: while nobody serves keys, tokens are the services' to look at.
func TestHouseWithoutKeys(t *testing.T) {
	h := newHouse(t, 0)
	f := &fake{}
	h.register("cart", serve(t, f.ServeHTTP))
	h.becomes(t, "/cart", http.StatusUnauthorized)
	s := newStand(t, 0)
	good := s.signed(t, "ada")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		a := ask1(t, "GET", h.url+"/cart", nil, "Authorization", good)
		if a.status == 200 {
			break
		}
		if a.status == 401 || time.Now().After(deadline) {
			t.Fatalf("without keys: %+v", a)
		}
	}
	if got := f.last(t).Header.Get("Authorization"); got != good {
		t.Errorf("the service got %q", got)
	}
}
