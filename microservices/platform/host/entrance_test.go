package host

import (
	"bytes"
	"encoding/json"
	"figlab/api/contract"
	"figlab/api/problem"
	"figlab/internal/process"
	"figlab/microservices/platform/call"
	"figlab/microservices/platform/shed"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// door is the entrance of a service called cart, with what its public door saw of the last request.
type door struct {
	*Host
	logs bytes.Buffer
	seen *http.Request
}

func newDoor(outside bool) *door {
	d := &door{}
	d.Host = &Host{service: "cart", outside: outside, shed: shed.New(shed.Options{})}
	d.deps = process.Deps{Name: "cart-1", Log: slog.New(slog.NewTextHandler(&d.logs, nil))}
	d.doors.public = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.seen = r
		Degrade(r.Context(), "prices")
		w.WriteHeader(http.StatusOK)
	})
	return d
}

func (d *door) ask(header ...string) *httptest.ResponseRecorder {
	d.seen = nil
	r := httptest.NewRequest(http.MethodGet, "/cart", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.entrance().ServeHTTP(w, r)
	return w
}

// TestCircle: a request that has been here on its way is refused, and nothing of it is done.
func TestCircle(t *testing.T) {
	d := newDoor(false)
	w := d.ask(call.PathHeader, "gateway>cart>catalog", contract.RequestID, "request-0001")
	var told problem.Document
	if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil || w.Code != http.StatusInternalServerError ||
		!strings.HasSuffix(told.Type, ":call-circle") || told.RequestID != "request-0001" || w.Header().Get(contract.NotExecuted) != "1" || d.seen != nil {
		t.Errorf("answered %d %+v (%v), and the door saw %v", w.Code, told, err, d.seen)
	}
	if !strings.Contains(d.logs.String(), "calls in a circle") {
		t.Errorf("nobody is told: %s", d.logs.String())
	}
	if w := d.ask(call.PathHeader, "gateway>cartography"); w.Code != http.StatusOK || d.seen == nil {
		t.Errorf("a name that only begins alike is answered %d", w.Code)
	}
	if got := d.paths.all(); len(got) != 1 || got[0] != "gateway>cartography" {
		t.Errorf("noted %v", got)
	}
}

// TestBudget: nobody works longer than the caller waits, and never longer than the house allows.
func TestBudget(t *testing.T) {
	d := newDoor(false)
	for budget, most := range map[string]time.Duration{"50": 50 * time.Millisecond, "": longest, "nonsense": longest, "999999": longest} {
		if w := d.ask(call.BudgetHeader, budget); w.Code != http.StatusOK {
			t.Fatalf("budget %q is answered %d", budget, w.Code)
		}
		until, ok := d.seen.Context().Deadline()
		if left := time.Until(until); !ok || left > most || left < most-time.Second {
			t.Errorf("with budget %q there are %s left, want %s", budget, left, most)
		}
	}
	if w := d.ask(call.BudgetHeader, "0"); w.Code != http.StatusGatewayTimeout || d.seen != nil {
		t.Errorf("without any time left it is answered %d", w.Code)
	}
}

// TestCarried: what a request brings along is there for the calls that are made on its behalf, unless it comes from outside the house.
func TestCarried(t *testing.T) {
	said := []string{call.PathHeader, "gateway>ordertaking", call.BudgetHeader, "50", call.IdentityHeader, "somebody"}
	inner := newDoor(false)
	w := inner.ask(said...)
	if got := call.Path(inner.seen.Context()); got != "gateway>ordertaking" || w.Header().Get(contract.Degraded) != "prices" {
		t.Errorf("came by %q, degraded %q", got, w.Header().Get(contract.Degraded))
	}
	outer := newDoor(true)
	outer.ask(said...)
	until, _ := outer.seen.Context().Deadline()
	if got := call.Path(outer.seen.Context()); got != "" || time.Until(until) < time.Second || outer.seen.Header.Get(call.IdentityHeader) != "" {
		t.Errorf("from outside: path %q, %s left, identity %q", got, time.Until(until), outer.seen.Header.Get(call.IdentityHeader))
	}
}

// TestDraining: who is about to go asks callers to come by another connection.
func TestDraining(t *testing.T) {
	d := newDoor(false)
	if w := d.ask(); w.Header().Get("Connection") != "" {
		t.Error("it sends callers away before it goes")
	}
	d.draining.Store(true)
	if w := d.ask(); w.Header().Get("Connection") != "close" || w.Code != http.StatusOK {
		t.Errorf("while it goes it answers %d, connection %q", w.Code, w.Header().Get("Connection"))
	}
}

// TestPathsAreBounded: whoever makes up ways cannot fill the memory.
func TestPathsAreBounded(t *testing.T) {
	d := newDoor(false)
	for i := range 2 * mostPaths {
		d.ask(call.PathHeader, fmt.Sprint("gateway>", i))
	}
	if n := len(d.paths.all()); n != mostPaths {
		t.Errorf("%d ways are remembered, want %d", n, mostPaths)
	}
}
