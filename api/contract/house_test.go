package contract_test

import (
	"bytes"
	"context"
	"errors"
	"figlab/api/contract"
	"figlab/api/problem"
	"figlab/api/token"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

// house is a shop whose handlers do what a test says: nothing, unless do is set.
type house struct {
	echo *echo.Echo
	log  bytes.Buffer
	do   echo.HandlerFunc
	ops  map[string]string // method and route to operation id
}

// anyone takes every token but the ones a test wants refused.
type anyone struct{}

func (anyone) Verify(_ context.Context, signed string) (token.Claims, error) {
	switch signed {
	case "bad":
		return token.Claims{}, token.ErrInvalid
	case "unknown":
		return token.Claims{}, errors.Join(token.ErrNoKeys, errors.New("connection refused"))
	}
	return token.Claims{User: signed}, nil
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{ops: map[string]string{}, do: func(c echo.Context) error { return c.NoContent(http.StatusOK) }}
	var err error
	h.echo, err = contract.New(contract.Options{
		Name: "house", Verify: anyone{}, NewID: func() string { return "request-0001" },
		Log: slog.New(slog.NewJSONHandler(&h.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	all, err := contract.Operations()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		h.echo.Add(o.Method, strings.NewReplacer("{", ":", "}", "").Replace(o.Path), func(c echo.Context) error { return h.do(c) })
	}
	return h
}

// ask sends a request of somebody who is signed in; a body is JSON.
func (h *house) ask(method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer somebody")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.echo.ServeHTTP(w, r)
	return w
}

// refused fails unless the answer is a problem with a status and a code that fits the contract.
func refused(t *testing.T, w *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	var p *problem.Error
	if err := problem.Parse(w.Code, w.Body.Bytes()); w.Code != status || !errors.As(err, &p) || p.Code != code ||
		w.Header().Get("Content-Type") != problem.ContentType {
		t.Errorf("answered %d %s, want %d %s", w.Code, w.Body, status, code)
	}
	if w.Header().Get(contract.RequestID) == "" || w.Header().Get(contract.ServedBy) != "house" {
		t.Errorf("the answer does not name itself: %v", w.Header())
	}
}
