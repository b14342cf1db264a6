package gateway

import (
	"context"
	"errors"
	"figlab/api/contract"
	"figlab/api/problem"
	"net"
	"net/http"
)

// Why nobody answered.
var (
	errNoService  = &problem.Error{Kind: "not-found", Code: "no-service", Detail: "no service of this house answers there"}
	errNoInstance = &problem.Error{
		Kind: "unavailable", Code: "no-instance", Detail: "no instance of the service is there to answer; the request was not sent on",
	}
)

// unreachable says whether no connection came about, so that certainly nothing was sent.
func unreachable(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// refuse tells the caller why nobody answered.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the caller is gone, and cannot be told
	}
	told := kind(err)
	d := problem.From(told)
	d.RequestID = r.Header.Get(contract.RequestID)
	h := w.Header()
	h.Set(contract.RequestID, d.RequestID)
	h.Set(contract.ServedBy, g.deps.Name)
	if told == errNoInstance {
		h.Set(contract.NotExecuted, "1")
	}
	if told != errNoService {
		g.deps.Log.WarnContext(r.Context(), "request not answered",
			"request_id", d.RequestID, "method", r.Method, "path", r.URL.Path, "status", d.Status, "error", err.Error())
	}
	if err := problem.Write(w, d); err != nil {
		g.deps.Log.DebugContext(r.Context(), "problem not sent", "request_id", d.RequestID, "error", err.Error())
	}
}

// kind turns a failure into the problem told about it.
func kind(err error) *problem.Error {
	var own *problem.Error
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &large):
		return &problem.Error{Kind: "too-large", Code: "too-large", Detail: "the body is larger than any the shop takes"}
	case unreachable(err):
		return errNoInstance
	case errors.Is(err, context.DeadlineExceeded):
		return &problem.Error{Kind: "timeout", Code: "timeout", Detail: "no answer came in time; the request may have had its effect"}
	}
	return &problem.Error{Kind: "bad-gateway", Code: "bad-gateway", Detail: "the answer was lost; the request may have had its effect"}
}
