package contract_test

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/contract"
	"figlab/api/token"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

func TestMethods(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct{ method, target, allow string }{
		{http.MethodOptions, "/products", "GET, POST"},
		{http.MethodOptions, "/products/" + product, "GET, PATCH"},
		{http.MethodHead, "/products", "GET, POST"},
		{http.MethodHead, "/orders/" + product, "GET"},
		{http.MethodDelete, "/products", "GET, POST"},
		{http.MethodGet, "/cart/items/" + product, "DELETE, PUT"},
		{http.MethodTrace, "/cart", "DELETE, GET"},
		{http.MethodGet, "/sessions", "POST"},
		{"BREW", "/users/me", "GET, PATCH"},
	} {
		w := h.ask(c.method, c.target, "")
		refused(t, w, http.StatusMethodNotAllowed, "method-not-allowed")
		if got := w.Header().Get("Allow"); got != c.allow {
			t.Errorf("%s %s allows %q, want %q", c.method, c.target, got, c.allow)
		}
	}
	refused(t, h.ask(http.MethodOptions, "/nothing", ""), http.StatusNotFound, "no-route")
	behind := contract.Behind(contract.Options{Name: "house", Log: slog.New(slog.DiscardHandler), NewID: func() string { return "request-0001" }})
	behind.GET("/audit", func(echo.Context) error { return nil })
	h.echo = behind
	refused(t, h.ask(http.MethodOptions, "/audit", ""), http.StatusMethodNotAllowed, "method-not-allowed")
}

func TestPanicIsOurFault(t *testing.T) {
	h := newHouse(t)
	h.do = func(echo.Context) error { panic("secret of the house") }
	w := h.ask(http.MethodGet, "/products", "", contract.RequestID, "request-of-mine")
	refused(t, w, http.StatusInternalServerError, "internal")
	if strings.Contains(w.Body.String(), "secret") {
		t.Errorf("the answer tells what broke: %s", w.Body)
	}
	var entry struct {
		Level, Error, Stack string
		Request             string `json:"request_id"`
	}
	if err := json.Unmarshal(h.log.Bytes(), &entry); err != nil {
		t.Fatalf("%v in %s", err, &h.log)
	}
	if entry.Level != "ERROR" || entry.Request != "request-of-mine" || !strings.Contains(entry.Error, "secret of the house") ||
		!strings.Contains(entry.Stack, "TestPanicIsOurFault") {
		t.Errorf("the log says %+v", entry)
	}
}

func TestAbortPasses(t *testing.T) {
	h := newHouse(t)
	for name, do := range map[string]echo.HandlerFunc{
		"a handler that cuts":            func(echo.Context) error { panic(http.ErrAbortHandler) },
		"a panic in the midst of a body": func(c echo.Context) error { _ = c.String(http.StatusOK, "half"); panic("broken") },
	} {
		t.Run(name, func(t *testing.T) {
			h.do = do
			defer func() {
				if v := recover(); v != any(http.ErrAbortHandler) {
					t.Errorf("the server got %v: the connection stays open, and what was sent looks whole", v)
				}
			}()
			h.ask(http.MethodGet, "/products", "")
		})
	}
	if got := strings.Count(h.log.String(), "\n"); got != 1 {
		t.Errorf("%d entries, want one, for the panic alone:\n%s", got, &h.log)
	}
}

// askGone is ask by somebody who leaves while the handler works.
func (h *house) askGone(do func(ctx context.Context) error) *httptest.ResponseRecorder {
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	h.do = func(c echo.Context) error { leave(); return do(c.Request().Context()) }
	w := httptest.NewRecorder()
	h.echo.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/products", nil).WithContext(ctx))
	return w
}

func TestCallerWentAway(t *testing.T) {
	h := newHouse(t)
	for name, err := range map[string]error{
		"the handler noticed":        fmt.Errorf("list: %w", context.Canceled),
		"the store noticed its way":  errors.New("sql: interrupted"),
		"somebody else did not wait": token.ErrNoKeys,
	} {
		t.Run(name, func(t *testing.T) {
			w := h.askGone(func(context.Context) error { return err })
			if h.log.Len() != 0 || w.Code != http.StatusServiceUnavailable {
				t.Errorf("answered %d, logged %s", w.Code, &h.log)
			}
		})
	}
	h.askGone(func(context.Context) error { panic("a defect is one, whoever waits") })
	if !strings.Contains(h.log.String(), `"level":"ERROR"`) {
		t.Error("a panic is not logged when the caller is gone")
	}
	h.log.Reset()
	h.do = func(echo.Context) error { return fmt.Errorf("call the bank: %w", context.Canceled) }
	refused(t, h.ask(http.MethodGet, "/products", ""), http.StatusInternalServerError, "internal")
	if !strings.Contains(h.log.String(), "call the bank") {
		t.Error("our own cancelled call is not logged although the caller still waits")
	}
}

func TestAuthentication(t *testing.T) {
	h := newHouse(t)
	for _, header := range []string{"", "somebody", "Basic somebody", "Bearer bad", "Bearer"} {
		w := h.ask(http.MethodGet, "/cart", "", "Authorization", header)
		refused(t, w, http.StatusUnauthorized, "unauthenticated")
		if w.Header().Get("WWW-Authenticate") == "" {
			t.Error("a 401 does not say how to sign in")
		}
	}
	refused(t, h.ask(http.MethodGet, "/recommendations", "", "Authorization", "Bearer bad"), http.StatusUnauthorized, "unauthenticated")
	w := h.ask(http.MethodGet, "/cart", "", "Authorization", "Bearer unknown")
	refused(t, w, http.StatusServiceUnavailable, "keys-unavailable")
	if w.Header().Get(contract.NotExecuted) != "1" || strings.Contains(w.Body.String(), "connection refused") {
		t.Errorf("without keys: %v %s", w.Header(), w.Body)
	}
	h.do = func(c echo.Context) error {
		claims, _ := token.From(c.Request().Context())
		return c.String(http.StatusOK, claims.User)
	}
	for target, want := range map[string]string{"/cart": "somebody", "/recommendations": "somebody", "/products": ""} {
		if w := h.ask(http.MethodGet, target, "", "Authorization", "bearer somebody"); w.Code != http.StatusOK || w.Body.String() != want {
			t.Errorf("%s answered %d %q, want %q", target, w.Code, w.Body, want)
		}
	}
}

func TestRequestIds(t *testing.T) {
	h := newHouse(t)
	for given, want := range map[string]string{
		"abcdefgh": "abcdefgh", "short": "request-0001", strings.Repeat("x", 65): "request-0001", "with space": "request-0001", "new\nline-0001": "request-0001",
	} {
		if got := h.ask(http.MethodGet, "/products", "", contract.RequestID, given).Header().Get(contract.RequestID); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}

func TestFailuresDoNotLeak(t *testing.T) {
	h := newHouse(t)
	h.do = func(c echo.Context) error {
		c.Response().Header().Set("Content-Length", "3")
		return errors.New("dial tcp 10.0.0.1: secret")
	}
	w := h.ask(http.MethodGet, "/products", "")
	refused(t, w, http.StatusInternalServerError, "internal")
	if strings.Contains(w.Body.String(), "secret") || w.Header().Get("Content-Length") != "" || !strings.Contains(h.log.String(), "secret") {
		t.Errorf("answered %v %s, logged %s", w.Header(), w.Body, &h.log)
	}
}

func TestBehindBoundsBodies(t *testing.T) {
	h := newHouse(t)
	h.echo = contract.Behind(contract.Options{
		Name: "house", Log: slog.New(slog.DiscardHandler), MaxBody: 10, NewID: func() string { return "request-0001" },
	})
	h.echo.POST("/feed", func(c echo.Context) error {
		_, err := io.ReadAll(c.Request().Body)
		return err
	})
	refused(t, h.ask(http.MethodPost, "/feed", `"0123456789"`), http.StatusRequestEntityTooLarge, "too-large")
	if w := h.ask(http.MethodPost, "/feed", `"01234567"`); w.Code != http.StatusOK {
		t.Errorf("a body of ten bytes answered %d: %s", w.Code, w.Body)
	}
}
