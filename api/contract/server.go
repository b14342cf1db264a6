package contract

import (
	"context"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"figlab/api/token"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// Headers that every answer of the shop may carry.
const (
	ServedBy    = "X-Served-By"    // the process that did the work
	RequestID   = "X-Request-Id"   // names the request in every log it touches
	Degraded    = "X-Degraded"     // part of the answer is a fallback; says which
	NotExecuted = "X-Not-Executed" // 1: this failure certainly had no effect
)

// Verifier turns a token into the caller's claims.
type Verifier interface {
	Verify(ctx context.Context, signed string) (token.Claims, error)
}

// Options of a server.
type Options struct {
	Name    string // the process, for X-Served-By
	Log     *slog.Logger
	NewID   func() string // mints request ids
	Verify  Verifier
	MaxBody int64 // bytes of a request body; 0 means 64 KiB
}

// New returns an echo that speaks the contract: register the generated handlers on it.
func New(o Options) (*echo.Echo, error) {
	spec, err := shopapi.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	return build(table(spec), o), nil
}

// Behind returns an echo for the doors behind the shop, which have a contract of their own: api/internal.yaml. Callers are checked by
// whoever mounts it.
func Behind(o Options) *echo.Echo {
	if o.MaxBody == 0 {
		o.MaxBody = 16 << 20
	}
	return build(map[string]*entry{}, o)
}

// Partner returns an echo for another company: its operations are those of api/internal.yaml, its bodies are validated.
func Partner(o Options) (*echo.Echo, error) {
	spec, err := internalapi.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	return build(table(spec), o), nil
}

func build(t map[string]*entry, o Options) *echo.Echo {
	if o.MaxBody == 0 {
		o.MaxBody = 64 << 10
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	s := &server{Options: o, table: t}
	e.HTTPErrorHandler = s.fail
	e.Use(s.stamp, middleware.RecoverWithConfig(middleware.RecoverConfig{DisablePrintStack: true, DisableErrorHandler: true}), s.hold)
	return e
}

type server struct {
	Options
	table map[string]*entry
}

// stamp names the request and the process that answers it.
func (s *server) stamp(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(RequestID)
		if !sane(id) {
			id = s.NewID()
			c.Request().Header.Set(RequestID, id)
		}
		h := c.Response().Header()
		h.Set(RequestID, id)
		h.Set(ServedBy, s.Name)
		return next(c)
	}
}

// hold lets only requests through that keep the contract, from callers who may ask.
func (s *server) hold(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		e, ok := s.table[c.Request().Method+" "+c.Path()]
		if !ok { // not an operation of the contract: the router has the answer, 404 or 405
			return next(c)
		}
		if e.mayAuth {
			if err := s.authenticate(c, e.auth); err != nil {
				return err
			}
		}
		if e.check {
			if err := e.validate(c, s.MaxBody); err != nil {
				return err
			}
		}
		return next(c)
	}
}

// authenticate puts the caller's claims into the request's context. A token that is given must be good, also where none is needed.
func (s *server) authenticate(c echo.Context, wanted bool) error {
	header := c.Request().Header.Get(echo.HeaderAuthorization)
	if header == "" && !wanted {
		return nil
	}
	signed, ok := strings.CutPrefix(header, "Bearer ")
	if !ok || s.Verify == nil {
		return token.ErrInvalid
	}
	claims, err := s.Verify.Verify(c.Request().Context(), signed)
	if err != nil {
		return fmt.Errorf("authenticate: %w", err)
	}
	c.SetRequest(c.Request().WithContext(token.With(c.Request().Context(), claims)))
	return nil
}

// fail answers with a problem document, and logs what is our own fault.
func (s *server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	d := problem.From(translate(err))
	d.RequestID = c.Response().Header().Get(RequestID)
	if d.Status == http.StatusUnauthorized {
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Bearer")
	}
	if d.Status >= http.StatusInternalServerError {
		s.Log.ErrorContext(c.Request().Context(), "request failed",
			"request_id", d.RequestID, "method", c.Request().Method, "route", c.Path(), "status", d.Status, "error", err.Error())
	}
	if err := problem.Write(c.Response(), d); err != nil {
		s.Log.WarnContext(c.Request().Context(), "answer not sent", "request_id", d.RequestID, "error", err.Error())
	}
}

// translate gives the router's and the generated code's errors a kind.
func translate(err error) error {
	var he *echo.HTTPError
	if !errors.As(err, &he) {
		return err
	}
	kind := problem.KindOf(he.Code)
	detail := fmt.Sprint(he.Message)
	switch he.Code {
	case http.StatusNotFound:
		return &problem.Error{Kind: kind, Code: "no-route", Detail: "there is nothing at this path"}
	case http.StatusMethodNotAllowed:
		return &problem.Error{Kind: kind, Code: "method-not-allowed", Detail: "this path has no such method"}
	case http.StatusBadRequest:
		return &problem.Error{Kind: "malformed", Code: "invalid-request", Detail: detail}
	case http.StatusInternalServerError:
		return err
	}
	return &problem.Error{Kind: kind, Code: kind, Detail: detail}
}

// sane accepts ids of others that cannot hurt a log.
func sane(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	return strings.IndexFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' && r != '.'
	}) < 0
}
