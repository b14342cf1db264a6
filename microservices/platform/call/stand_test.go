package call

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/problem"
	"figlab/internal/process"
	"figlab/internal/registry"
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

// A stand is the service cart asking the service catalog, whose instances answer as a test likes. The first of what is there is drawn each
// time, so that a test knows who is asked first.
type stand struct {
	*Caller
	instances []registry.Instance
}

func (s *stand) Instances() []registry.Instance { return s.instances }

type identity struct{ err error }

func (i identity) Token(audience string) (string, error) { return "cart for " + audience, i.err }

func newStand(t testing.TB, addresses ...string) *stand {
	t.Helper()
	s := &stand{}
	for i, a := range addresses {
		s.instances = append(s.instances, registry.Instance{Service: "catalog", Name: fmt.Sprint("catalog-", i), Address: a})
	}
	s.Caller = New(Options{
		Service: "cart", Deps: process.Real("cart-1", nil, io.Discard), Find: func(string) Instances { return s },
		Identity: identity{}, Draw: func(int) int { return 0 },
	})
	transport, _ := s.transport.(*http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	return s
}

func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// refusing is an address where nobody listens.
func refusing(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// A target is an instance that counts who asks it.
type target struct {
	address string
	hits    atomic.Int64
}

func newTarget(t testing.TB, h http.HandlerFunc) *target {
	t.Helper()
	n := &target{}
	n.address = serve(t, func(w http.ResponseWriter, r *http.Request) {
		n.hits.Add(1)
		h(w, r)
	})
	return n
}

func says(status int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, "said ", status)
	}
}

// hangs answers when whoever asked is gone.
func hangs(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // or the server does not see it go
	<-r.Context().Done()
}

func aborts(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// ask makes a call and returns the status, or what came instead of an answer.
func ask(ctx context.Context, c *http.Client, method, url, body string, headers ...string) (status int, err error) {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, reader)
	if err != nil {
		return 0, err
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	answer, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, errors.Join(err, answer.Body.Close())
}

// counted is the counts of the stand's only policy.
func (s *stand) counted() Counts { return s.Report().Dependencies[0].Counts }

func code(err error) string {
	var p *problem.Error
	if !errors.As(err, &p) {
		return ""
	}
	return p.Kind + " " + p.Code
}

func policy(attempts int) Policy {
	return Policy{To: "catalog", Why: "test", Timeout: 2 * time.Second, Attempts: attempts}
}

const products = "http://catalog/products"

// TestReport: what was declared comes first, and the keys of what came of it are those of the door.
func TestReport(t *testing.T) {
	s := newStand(t, serve(t, says(200)))
	p := Policy{
		To: "catalog", Why: "prices", Timeout: 1500 * time.Millisecond, Attempts: 3, Hedge: 500 * time.Microsecond, Fallback: "the price of before",
	}
	plain := policy(0)
	s.Client(plain)
	first, second := s.Client(p), s.Client(p)
	for _, c := range []*http.Client{first, second} {
		if status, err := ask(t.Context(), c, "HEAD", products, ""); status != 200 {
			t.Error(status, err)
		}
	}
	s.FellBack("catalog")
	s.FellBack("nobody")
	if d := s.Declared(); len(d) != 2 || d[0] != plain || d[1] != p {
		t.Errorf("declared %+v", d)
	}
	b, err := json.Marshal(s.Report())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"to":"catalog","why":"prices","timeout_ms":1500,"attempts_max":3,"idempotent":false,"bulkhead":64,"hedge_ms":0.5,"as_user":false,` +
		`"fallback":"the price of before","calls":2,"failures":0,"attempts":2,"retries":0,"retry_budget_exhausted":0,"breaker_opened":0,` +
		`"breaker_state":"closed","bulkhead_full":0,"hedges":0,"hedges_won":0,"budget_spent":0,"timeouts":0,"fallbacks":1}]}`
	if !strings.HasPrefix(string(b), `{"service":"cart","dependencies":[{"to":"catalog","why":"test",`) || !strings.HasSuffix(string(b), want) {
		t.Errorf("got %s", b)
	}
}

// TestInvalid: a policy that is not valid makes every call fail and say why; so does a call that no policy covers.
func TestInvalid(t *testing.T) {
	n := newTarget(t, says(200))
	s := newStand(t, n.address)
	for want, p := range map[string]Policy{
		"a timeout of 0s":        {To: "catalog"},
		"name of a service":      {Timeout: time.Second},
		"11 attempts":            {To: "catalog", Timeout: time.Second, Attempts: 11},
		"a bulkhead of -1":       {To: "catalog", Timeout: time.Second, Bulkhead: -1},
		"a hedge after 1s":       {To: "catalog", Timeout: time.Second, Hedge: time.Second},
		`a call to "catalog"`:    {To: "search", Timeout: time.Second},
		"want the name of a ser": {To: "a:1", Timeout: time.Second},
	} {
		_, err := ask(t.Context(), s.Client(p), "POST", products, "{}")
		if err == nil || !strings.Contains(err.Error(), want) || !NotExecuted(err) || !strings.HasPrefix(code(err), "internal ") {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if n.hits.Load() != 0 {
		t.Error("it was called all the same")
	}
	s.o.Identity = identity{errors.New("no key")}
	if _, err := ask(t.Context(), s.Client(policy(0)), "GET", products, ""); code(err) != "unavailable no-identity" || !NotExecuted(err) {
		t.Errorf("without an identity: %v", err)
	}
}
