package monolith_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"figlab/api/apitest"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// liarURL names the variable that tells a child process where the liar is.
const liarURL = "FIGLAB_LIAR_URL"

// TestSuiteCatches puts a proxy that lies in one way in front of a good shop, and has the suite run against it in a child process: the
// group that knows the truth must go red, and say why. Through the proxy that tells the truth, all of it must be green.
func TestSuiteCatches(t *testing.T) {
	cfg := config(t)
	cfg.DispatchDelay = time.Hour // nothing is shipped: a lie is caught without waiting for the carrier
	shop := &url.URL{Scheme: "http", Host: start(t, cfg).Addr()}
	t.Run("the truth", func(t *testing.T) {
		t.Parallel()
		if out, err := suiteAgainst(t, "", (&liar{}).open(t, shop)); err != nil {
			t.Errorf("the suite fails through an honest proxy: %v\n%s", err, out)
		}
	})
	lies := slices.Concat(liesOfForm(), liesToCallers(), liesOnPages(), liesOnAnswers(), liesOnWrites(), liesOnOrders(), liesOnMoney())
	for _, l := range lies {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			p := &liar{lie: l}
			out, err := suiteAgainst(t, l.group, p.open(t, shop))
			var exit *exec.ExitError
			switch {
			case p.told.Load() == 0:
				t.Errorf("the lie was never told (%v):\n%s", err, out)
			case !errors.As(err, &exit):
				t.Errorf("not caught (%v):\n%s", err, out)
			case !strings.Contains(out, "--- FAIL: TestBehindLiar/"+l.group) || !strings.Contains(out, l.says):
				t.Errorf("caught, but not by %s for %q:\n%s", l.group, l.says, out)
			}
		})
	}
}

// TestBehindLiar is what the child process runs. Settle is short, for a lie is not waited out.
func TestBehindLiar(t *testing.T) {
	at := os.Getenv(liarURL)
	if at == "" {
		t.Skip("runs in a child of TestSuiteCatches")
	}
	f := promises()
	f.Settle, f.Ships = 3*time.Second, false
	apitest.Run(t, at, f)
}

// suiteAgainst runs one group of the suite in a child process, or all of it.
func suiteAgainst(t *testing.T, group, at string) (out string, err error) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	only := "^TestBehindLiar$"
	if group != "" {
		only += "/^" + group + "$"
	}
	c := exec.CommandContext(t.Context(), program, "-test.run", only, "-test.timeout", "60s")
	c.Env = append(os.Environ(), liarURL+"="+at)
	c.WaitDelay = time.Second
	b, err := c.CombinedOutput()
	return string(b), err
}

// A lie is one way to break the contract.
type lie struct {
	name  string
	group string // of the suite, which must catch it
	says  string // part of what it says then
	on    string // the requests lied about: an expression for "METHOD /path"; all when empty
	// ask changes a request on its way in, tell an answer on its way out. Both say whether they did. An answer that is not JSON has no doc.
	ask  func(r *http.Request) bool
	tell retelling
}

// A retelling changes an answer.
type retelling func(r *http.Response, d doc) bool

// A doc is a JSON object.
type doc = map[string]any

// A liar is a proxy with one lie.
type liar struct {
	lie
	told atomic.Int64
}

// open starts the proxy and returns its address; it ends with the test.
func (l *liar) open(t *testing.T, shop *url.URL) string {
	t.Helper()
	on := regexp.MustCompile("^(?:" + l.on + ")")
	p := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			if l.ask != nil && on.MatchString(r.In.Method+" "+r.In.URL.Path) && l.ask(r.Out) {
				l.told.Add(1)
			}
			r.SetURL(shop)
		},
		ModifyResponse: func(r *http.Response) error {
			if l.tell == nil || !on.MatchString(r.Request.Method+" "+r.Request.URL.Path) {
				return nil
			}
			return l.retell(r)
		},
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return server.URL
}

// retell gives the answer to the lie and puts back what it made of it.
func (l *liar) retell(r *http.Response) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	_ = r.Body.Close()
	d, err := decoded(bytes.NewReader(body))
	if err != nil {
		d = nil
	}
	if l.tell(r, d) {
		l.told.Add(1)
		if d != nil {
			if body, err = json.Marshal(d); err != nil {
				return err
			}
			r.ContentLength = int64(len(body))
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// decoded reads a JSON object. Numbers stay as they were written.
func decoded(r io.Reader) (d doc, err error) {
	numbers := json.NewDecoder(r)
	numbers.UseNumber()
	err = numbers.Decode(&d)
	return d, err
}

// A memory holds what a liar has heard.
type memory struct {
	mu    sync.Mutex
	heard map[string]string
}

// keep remembers a value; it says whether there was none before.
func (m *memory) keep(name, value string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.heard == nil {
		m.heard = map[string]string{}
	}
	_, known := m.heard[name]
	m.heard[name] = value
	return !known
}

// recall returns a value, or the empty string.
func (m *memory) recall(name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.heard[name]
}
