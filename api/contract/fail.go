package contract

import (
	"context"
	"errors"
	"figlab/api/problem"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/labstack/echo/v4"
)

// crash is a panic of a handler.
type crash struct {
	value any
	stack []byte
}

func (c *crash) Error() string { return fmt.Sprintf("panic: %v", c.value) }

// guard turns a panic into an error. The one by which a handler cuts its connection passes.
func (s *server) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler:
				panic(v)
			default:
				err = &crash{v, debug.Stack()}
			}
		}()
		return next(c)
	}
}

// errGone is told when the request was given up: mostly to nobody, but a process that stops hurries its last callers this way.
var errGone = &problem.Error{
	Kind: "unavailable", Code: "given-up", Detail: "the request was given up before its end; it may have had its effect",
}

// fail answers with a problem document, and logs what is our own fault.
func (s *server) fail(err error, c echo.Context) {
	var broken *crash
	crashed := errors.As(err, &broken)
	gone := !crashed && errors.Is(c.Request().Context().Err(), context.Canceled)
	d := problem.From(translate(err))
	if gone && d.Status == http.StatusInternalServerError {
		d = problem.From(errGone)
	}
	h := c.Response().Header()
	d.RequestID = h.Get(RequestID)
	switch {
	case gone:
		s.note(c, slog.LevelDebug, "caller went away", d, err)
	case crashed:
		s.note(c, slog.LevelError, "handler panicked", d, err, "stack", string(broken.stack))
	case c.Response().Committed:
		s.note(c, slog.LevelWarn, "answer not sent", d, err)
	case d.Status >= http.StatusInternalServerError:
		s.note(c, slog.LevelError, "request failed", d, err)
	}
	if !c.Response().Committed {
		s.tell(c, d)
	} else if crashed {
		panic(http.ErrAbortHandler) // what was sent must not look whole
	}
}

// tell sends the document.
func (s *server) tell(c echo.Context, d problem.Document) {
	h := c.Response().Header()
	if d.Status == http.StatusUnauthorized {
		h.Set(echo.HeaderWWWAuthenticate, "Bearer")
	}
	h.Del(echo.HeaderContentLength) // it may be that of the answer that failed
	if err := problem.Write(c.Response(), d); err != nil {
		s.note(c, slog.LevelDebug, "problem not sent", d, err) // whoever asked does not listen any more
	}
}

func (s *server) note(c echo.Context, level slog.Level, message string, d problem.Document, err error, more ...any) {
	r := c.Request()
	args := []any{"request_id", d.RequestID, "method", r.Method, "route", c.Path(), "status", d.Status, "error", err.Error()}
	s.Log.Log(r.Context(), level, message, append(args, more...)...) //nolint:sloglint // the messages stand where it is called
}

// translate gives the router's and the generated code's errors a kind.
func translate(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return tooLarge(large.Limit)
	}
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
		return errMethod
	case http.StatusBadRequest:
		return malformed(detail)
	case http.StatusInternalServerError:
		return err
	}
	return &problem.Error{Kind: kind, Code: kind, Detail: detail}
}

var errMethod = &problem.Error{Kind: "method-not-allowed", Code: "method-not-allowed", Detail: "this path has no such method: see Allow"}

// other answers a method that the path has not, HEAD and OPTIONS among them: the contract names each method it has. allowed is the
// router's list, which begins with the OPTIONS it would answer itself.
func other(c echo.Context, allowed string) error {
	c.Response().Header().Set(echo.HeaderAllow, strings.TrimPrefix(allowed, http.MethodOptions+", "))
	return errMethod
}

func tooLarge(limit int64) error {
	return &problem.Error{Kind: "too-large", Code: "too-large", Detail: fmt.Sprintf("the body is larger than %d bytes", limit)}
}
