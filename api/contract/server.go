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
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// Headers that every answer of the shop may carry.
const (
	ServedBy    = "X-Served-By"    // the process that did the work
	RequestID   = "X-Request-Id"   // names the request in every log it touches
	Degraded    = "X-Degraded"     // part of the answer is a fallback; says which
	NotExecuted = "X-Not-Executed" // 1: this failure certainly had no effect
)

// Headers that services say to one another.
const (
	ServiceToken = "X-Service-Token" // proves who is calling
	Budget       = "X-Budget-Ms"     // how long the caller will wait from now on, in whole milliseconds
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

	// Of Inside alone: who a service token proves the caller to be, and whether that service may call an operation.
	Service func(signed string) (name string, err error)
	May     func(operation, service string) bool
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
	return build(map[door]*entry{}, o)
}

// Inside returns an echo for what services ask one another, the part of api/internal.yaml below /internal: the caller must be a service
// that may, its request is validated, and the shopper's token is verified where the operation acts for one.
func Inside(o Options) (*echo.Echo, error) { return Partner(o) }

// Partner returns an echo for another company: its operations are those of api/internal.yaml, its bodies are validated.
func Partner(o Options) (*echo.Echo, error) {
	spec, err := internalapi.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	return build(table(spec), o), nil
}

func build(t map[door]*entry, o Options) *echo.Echo {
	if o.MaxBody == 0 {
		o.MaxBody = 64 << 10
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	s := &server{Options: o, table: t}
	e.HTTPErrorHandler = s.fail
	e.Use(s.stamp, s.guard, s.hold)
	return e
}

type server struct {
	Options
	table map[door]*entry
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
		if allowed, ok := c.Get(echo.ContextKeyHeaderAllow).(string); ok { // the router knows the path, but not with this method
			return other(c, allowed)
		}
		r := c.Request()
		query, err := address(r.URL)
		if err != nil {
			return err
		}
		e, ok := s.table[door{r.Method, c.Path()}]
		if r.Body != http.NoBody && (!ok || !e.body) {
			r.Body = http.MaxBytesReader(c.Response(), r.Body, s.MaxBody)
		}
		if !ok { // not an operation of the contract
			return next(c)
		}
		if deeper(c.ParamValues()) {
			return echo.ErrNotFound
		}
		if err := s.identify(c, e); err != nil {
			return err
		}
		if e.check {
			if err := e.validate(c, query, s.MaxBody); err != nil {
				return err
			}
		}
		return next(c)
	}
}

// identify lets in who may call an operation: the service, where it takes one, and then the shopper.
func (s *server) identify(c echo.Context, e *entry) error {
	if e.service {
		if err := s.admit(c, e.id); err != nil {
			return err
		}
	}
	if !e.mayAuth {
		return nil
	}
	return s.authenticate(c, e.auth)
}

// deeper says whether a parameter took in more than its own part of the path, as the router lets the last one do: nothing is there.
func deeper(params []string) bool {
	return slices.ContainsFunc(params, func(p string) bool { return strings.IndexByte(p, '/') >= 0 })
}

// authenticate puts the caller's claims into the request's context. A token that is given must be good, also where none is needed.
func (s *server) authenticate(c echo.Context, wanted bool) error {
	header := c.Request().Header.Get(echo.HeaderAuthorization)
	if header == "" && !wanted {
		return nil
	}
	scheme, signed, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || s.Verify == nil {
		return token.ErrInvalid
	}
	claims, err := s.Verify.Verify(c.Request().Context(), signed)
	if err != nil {
		if errors.Is(err, token.ErrNoKeys) {
			c.Response().Header().Set(NotExecuted, "1")
		}
		return fmt.Errorf("authenticate: %w", err)
	}
	ctx := token.WithSigned(token.With(c.Request().Context(), claims), signed)
	c.SetRequest(c.Request().WithContext(ctx))
	return nil
}

// Refusals of a caller that should be a service.
var (
	errNoService = &problem.Error{Kind: "unauthenticated", Code: "service-unknown", Detail: "this takes a service of this shop"}
	errMayNot    = &problem.Error{Kind: "forbidden", Code: "service-may-not", Detail: "this service has no business here"}
)

// admit lets the services in that may call an operation. What is wrong with a token is for the log alone.
func (s *server) admit(c echo.Context, operation string) error {
	if s.Service == nil || s.May == nil {
		return errNoService
	}
	name, err := s.Service(c.Request().Header.Get(ServiceToken))
	if err != nil {
		s.Log.WarnContext(c.Request().Context(), "caller is no service", "operation", operation, "error", err.Error())
		return errNoService
	}
	if !s.May(operation, name) {
		s.Log.WarnContext(c.Request().Context(), "service may not call", "operation", operation, "caller", name)
		return errMayNot
	}
	return nil
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
