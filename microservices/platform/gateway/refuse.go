package gateway

import (
	"errors"
	"figlab/api/contract"
	"figlab/api/problem"
	"figlab/microservices/platform/call"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
)

// Refusals of the gateway's own, word for word those of the services where these have the same.
var (
	errNoRoute  = &problem.Error{Kind: "not-found", Code: "no-route", Detail: "there is nothing at this path"}
	errMethod   = &problem.Error{Kind: "method-not-allowed", Code: "method-not-allowed", Detail: "this path has no such method: see Allow"}
	errTooLarge = &problem.Error{Kind: "too-large", Code: "too-large", Detail: fmt.Sprintf("the body is larger than %d bytes", maxBody)}
	errNoBody   = &problem.Error{Kind: "malformed", Code: "invalid-request", Detail: "the body could not be read to its end"}
)

// refuse tells the caller why nobody answered.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, err error) {
	d := problem.From(err)
	g.sign(w, r)
	d.RequestID = r.Header.Get(contract.RequestID)
	h := w.Header()
	if d.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	often := limited{}
	if errors.As(err, &often) {
		h.Set("Retry-After", strconv.FormatFloat(math.Ceil(often.after.Seconds()), 'f', 0, 64))
	}
	if often.after > 0 || call.NotExecuted(err) {
		h.Set(contract.NotExecuted, "1")
	}
	if d.Status >= http.StatusInternalServerError {
		level := slog.LevelWarn
		if gone(r) {
			level = slog.LevelDebug // nobody will read this either
		}
		g.deps.Log.Log(r.Context(), level, "request not answered",
			"request_id", d.RequestID, "method", r.Method, "path", r.URL.Path, "status", d.Status, "error", err.Error())
	}
	if err := problem.Write(w, d); err != nil {
		g.deps.Log.DebugContext(r.Context(), "problem not sent", "request_id", d.RequestID, "error", err.Error())
	}
}

// sign says who answers what.
func (g *Gateway) sign(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h[contract.RequestID] = r.Header[contract.RequestID]
	h.Set(contract.ServedBy, g.deps.Name)
}
