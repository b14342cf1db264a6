package cart_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"figlab/api/contract"
	"figlab/api/internalapi"
	"figlab/api/internalapi/productsapi"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"figlab/api/token"
	"figlab/internal/bus"
	"figlab/internal/engine/postgres"
	"figlab/internal/identity"
	"figlab/internal/process"
	"figlab/microservices/cart"
	"figlab/microservices/platform/host"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// A stand is the cart service, with one replica or more on one database, between siblings that the test plays.
type stand struct {
	cfg       host.Config
	broker    *bus.Server
	issuer    token.Issuer
	authority *identity.Authority
	replicas  []*host.Host
	catalog   *shelf
}

func newStand(t *testing.T, replicas int, change ...func(*host.Config)) *stand {
	t.Helper()
	broker, err := bus.NewServer(bus.ServerConfig{Listen: "127.0.0.1:0", Data: t.TempDir()}, deps(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, broker.Run)
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{broker: broker, issuer: token.NewIssuer(key), catalog: &shelf{goods: map[string]internalapi.FoundProduct{}}}
	if s.authority, err = identity.NewAuthority(); err != nil {
		t.Fatal(err)
	}
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(s.issuer.JWKS())
	}))
	t.Cleanup(keys.Close)
	s.cfg = host.Config{
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", AdminToken: "test", Data: t.TempDir(), Store: "sqlite", Broker: broker.URL(),
		Keys: keys.URL + "/.well-known/jwks.json",
	}
	for _, c := range change {
		c(&s.cfg)
	}
	s.stock(t)
	for i := range replicas {
		cfg := s.cfg
		cfg.Identity = s.identity(t, "cart")
		h, err := cart.New(t.Context(), cfg, deps(t, fmt.Sprint("cart-", i+1)))
		if err != nil {
			t.Fatal(err)
		}
		run(t, h.Run)
		s.replicas = append(s.replicas, h)
	}
	s.meet(t)
	return s
}

// stock starts a catalog.
func (s *stand) stock(t *testing.T) {
	t.Helper()
	cfg := s.cfg
	cfg.Identity = s.identity(t, "catalog")
	h, err := host.New("catalog", cfg, deps(t, "catalog-1"))
	if err != nil {
		t.Fatal(err)
	}
	inside, err := h.Inside(map[string][]string{"lookupProducts": {"cart"}})
	if err != nil {
		t.Fatal(err)
	}
	productsapi.RegisterHandlers(inside, productsapi.NewStrictHandler(s.catalog, nil))
	h.Serve()
	run(t, h.Run)
}

// meet waits until every replica has found the catalog.
func (s *stand) meet(t *testing.T) {
	t.Helper()
	probe := s.catalog.put("probe", 1)
	for i := range s.replicas {
		who := s.user(t)
		eventually(t, "the catalog is found", func() bool {
			return s.at(i).public(t, who, "PUT", "/cart/items/"+probe, shopapi.CartItemQuantity{Quantity: 1}, nil).StatusCode == 200
		})
	}
}

func (s *stand) identity(t *testing.T, service string) *identity.Identity {
	t.Helper()
	secret, err := s.authority.Issue(service)
	if err != nil {
		t.Fatal(err)
	}
	id, err := identity.Load(secret, s.authority.Public(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// user is the token of a new shopper.
func (s *stand) user(t *testing.T) string {
	t.Helper()
	signed, err := s.issuer.Issue(token.Claims{User: newID(), Role: "customer"}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (s *stand) name(t *testing.T, signed string) string {
	t.Helper()
	claims, err := token.NewVerifier(s.issuer, time.Now).Verify(t.Context(), signed)
	if err != nil {
		t.Fatal(err)
	}
	return claims.User
}

// A replica of the service.
type replica struct {
	*stand
	address string
}

func (s *stand) at(i int) replica { return replica{s, s.replicas[i].Addr()} }

func (r replica) public(t *testing.T, as, method, path string, in, out any) answer {
	t.Helper()
	return r.call(t, map[string]string{"Authorization": "Bearer " + as}, method, path, in, out)
}

// inside calls as another service, for a shopper.
func (r replica) inside(t *testing.T, service, as, method, path string, in, out any) answer {
	t.Helper()
	header := map[string]string{"Authorization": "Bearer " + as}
	if service != "" {
		proof, err := r.identity(t, service).Token("cart")
		if err != nil {
			t.Fatal(err)
		}
		header[contract.ServiceToken] = proof
	}
	return r.call(t, header, method, "/internal/cart"+path, in, out)
}

// An answer whose body has been read.
type answer struct {
	Status     string
	StatusCode int
	Header     http.Header
}

// call decodes the body into out when the answer is a success, and else the problem into out when it is a *problem.Document.
func (r replica) call(t *testing.T, header map[string]string, method, path string, in, out any) answer {
	t.Helper()
	var body io.Reader = http.NoBody
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.address+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		req.Header.Set(name, value)
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
	_, refusal := out.(*problem.Document)
	if out != nil && refusal == (resp.StatusCode >= 300) {
		if err := json.Unmarshal(b, out); err != nil {
			t.Fatalf("%s %s: %s: %v", method, path, b, err)
		}
	}
	return answer{resp.Status, resp.StatusCode, resp.Header}
}

// put puts a quantity in and returns the cart.
func (r replica) put(t *testing.T, as, product string, quantity int64) (c shopapi.Cart) {
	t.Helper()
	in := shopapi.CartItemQuantity{Quantity: quantity}
	if resp := r.public(t, as, "PUT", "/cart/items/"+product, in, &c); resp.StatusCode != 200 {
		t.Fatalf("put %s: %s", product, resp.Status)
	}
	return c
}

func (r replica) get(t *testing.T, as string) (c shopapi.Cart, degraded string) {
	t.Helper()
	resp := r.public(t, as, "GET", "/cart", nil, &c)
	if resp.StatusCode != 200 {
		t.Fatalf("get: %s", resp.Status)
	}
	return c, resp.Header.Get(contract.Degraded)
}

// refused checks status and code of a refusal, and returns the answer.
func refused(t *testing.T, status int, code string, ask func(out any) answer) answer {
	t.Helper()
	var told problem.Document
	resp := ask(&told)
	if resp.StatusCode != status || told.Type != "urn:figlab:problem:"+code {
		t.Errorf("answered %d %s, want %d %s", resp.StatusCode, told.Type, status, code)
	}
	return resp
}

// quantities is a cart in short.
func quantities(c shopapi.Cart) map[string]int64 {
	out := map[string]int64{}
	for _, i := range c.Items {
		out[i.ProductId] = i.Quantity
	}
	return out
}

func newID() string { return process.Real("", nil, io.Discard).IDs.New() }

func deps(t *testing.T, name string) process.Deps {
	t.Helper()
	d := process.Real(name, nil, t.Output())
	d.Log = slog.New(slog.NewTextHandler(t.Output(), nil)).With("process", name)
	return d
}

func run(t *testing.T, process func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := process(ctx); err != nil {
			t.Errorf("did not end cleanly: %v", err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within ten seconds: %s", what)
		}
	}
}

// together runs n calls at once.
func together(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

// onPostgres gives the service a fresh Postgres database, or skips the test with the reason why there is none.
func onPostgres(t *testing.T) func(*host.Config) {
	t.Helper()
	if err := postgres.Find(); err != nil {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "figlab-pg-*") //nolint:usetesting // the parent of t.TempDir is closed to the user the server runs as
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c, err := postgres.Start(t.Context(), postgres.Options{Dir: filepath.Join(dir, "data"), Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := c.Create(t.Context(), "cart"); err != nil {
		t.Fatal(err)
	}
	return func(cfg *host.Config) { cfg.Store, cfg.DSN = "postgres", c.DSN("cart") }
}
