package gateway

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"figlab/api/contract"
	"figlab/api/problem"
	"figlab/api/token"
	"figlab/internal/process"
	"figlab/internal/registry"
	"figlab/microservices/platform/call"
	"figlab/microservices/platform/host"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const product = "01900000-0000-7000-8000-0000000000ab"

// A stand is a gateway before services that a test makes answer as it likes.
type stand struct {
	*Gateway
	calls  *call.Caller
	url    string
	clock  atomic.Int64 // nanoseconds that the limiter's clock was moved on; it stands still otherwise
	issuer token.Issuer
	keys   atomic.Pointer[error] // why there are none
	time   time.Duration         // what a request may take; 0: any

	mu        sync.Mutex
	instances map[string][]registry.Instance
}

func newStand(t testing.TB, rate float64) *stand {
	t.Helper()
	s := &stand{
		issuer: token.NewIssuer(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))), instances: map[string][]registry.Instance{},
	}
	deps := process.Real("gateway", nil, io.Discard)
	s.calls = call.New(call.Options{
		Service: "gateway", Deps: deps, Find: func(service string) call.Instances { return registered{s, service} },
		Draw: func(int) int { return 0 }, // the first of those that are left
	})
	now := deps.Now()
	deps.Now = func() time.Time { return now.Add(time.Duration(s.clock.Load())) }
	var err error
	if s.Gateway, err = build(s.calls, token.NewVerifier(keys{s}, time.Now), Config{Config: host.Config{Owns: true}, ClientRate: rate}, deps); err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + serve(t, func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := r.Context(), func() {}
		if s.time > 0 {
			ctx, cancel = context.WithTimeout(ctx, s.time)
		}
		defer cancel()
		s.ServeHTTP(w, r.WithContext(ctx))
	})
	return s
}

// registered is the set of a service's instances.
type registered struct {
	*stand
	service string
}

func (r registered) Instances() []registry.Instance {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.instances[r.service]
}

// keys are those of the stand's issuer, unless there are none.
type keys struct{ *stand }

func (k keys) Key(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	if why := k.keys.Load(); why != nil {
		return nil, *why
	}
	return k.issuer.Key(ctx, kid)
}

var errAway = errors.New("the user service is away")

func (s *stand) register(service string, addresses ...string) {
	all := make([]registry.Instance, len(addresses))
	for i, a := range addresses {
		all[i] = registry.Instance{Service: service, Name: fmt.Sprint(service, "-", i+1), Address: a}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.instances[service] = all
}

// signed is a good token.
func (s *stand) signed(t testing.TB, user string) string {
	t.Helper()
	signed, err := s.issuer.Issue(token.Claims{User: user, Email: user + "@example.org", Role: "customer"}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + signed
}

func serve(t testing.TB, h http.HandlerFunc) (address string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server.Listener.Addr().String()
}

// refusing is an address that accepts no connection.
func refusing(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// A fake is a service that remembers what it was asked.
type fake struct {
	mu    sync.Mutex
	asked []*http.Request
	said  []string // the bodies
	says  http.HandlerFunc
}

// fake registers a service that answers with says, or with 200 and an empty object.
func (s *stand) fake(t testing.TB, service string, says http.HandlerFunc) *fake {
	t.Helper()
	f := &fake{says: says}
	s.register(service, serve(t, f.ServeHTTP))
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.asked, f.said = append(f.asked, r), append(f.said, string(body))
	f.mu.Unlock()
	w.Header().Set(contract.ServedBy, "a service")
	w.Header().Set(contract.RequestID, r.Header.Get(contract.RequestID))
	if f.says == nil {
		f.says = answers(http.StatusOK, `{}`)
	}
	f.says(w, r)
}

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

// last is the request that came last.
func (f *fake) last(t testing.TB) *http.Request {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.asked) == 0 {
		t.Fatal("it was not asked")
	}
	return f.asked[len(f.asked)-1]
}

func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// refuses answers with a problem document.
func refuses(kind, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d := problem.From(&problem.Error{Kind: kind, Code: code, Detail: "so it is"})
		d.RequestID = r.Header.Get(contract.RequestID)
		_ = problem.Write(w, d)
	}
}

// hangs answers when whoever asked is gone.
func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func aborts(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

type answered struct {
	status int
	header http.Header
	body   string
}

func (a answered) code() string {
	var d problem.Document
	if json.Unmarshal([]byte(a.body), &d) != nil {
		return a.body
	}
	return strings.TrimPrefix(d.Type, "urn:figlab:problem:")
}

func (s *stand) ask(t testing.TB, method, path string, body io.Reader, header ...string) answered {
	t.Helper()
	return ask1(t, method, s.url+path, body, header...)
}

func ask1(t testing.TB, method, url string, body io.Reader, header ...string) answered {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if req.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
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

// checked holds an answer to the contract.
func checked(t testing.TB, operation string, a answered) answered {
	t.Helper()
	c, err := contract.NewChecker()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(t.Context(), operation, &http.Response{StatusCode: a.status, Header: a.header}, []byte(a.body)); err != nil {
		t.Errorf("%v\n%s", err, a.body)
	}
	return a
}

// served is how often a fallback was served for a service.
func (s *stand) served(service string) (n int64) {
	for _, d := range s.calls.Report().Dependencies {
		if d.To == service {
			n += d.Fallbacks
		}
	}
	return n
}
