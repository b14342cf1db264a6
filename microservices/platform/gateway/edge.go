package gateway

import (
	"bytes"
	"errors"
	"figlab/api/contract"
	"figlab/api/token"
	"figlab/internal/process"
	"figlab/microservices/platform/call"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"
)

// maxBody is what the contract allows, in bytes of a request.
const maxBody = 64 << 10

// receive takes off a request what its sender must not say, and adds where it came from. It returns the caller's address. The header is
// the request's own: nobody else reads it any more.
func (g *Gateway) receive(r *http.Request) (_ *http.Request, caller string) {
	h := r.Header
	process.EndToEnd(h)
	if h[call.PathHeader] != nil {
		r = r.WithContext(call.WithPath(r.Context(), ""))
	}
	for name := range h {
		if strings.HasPrefix(name, "X-Forwarded-") {
			delete(h, name)
		}
	}
	for _, name := range [...]string{call.PathHeader, call.BudgetHeader, call.IdentityHeader, "Forwarded", "Expect"} {
		delete(h, name)
	}
	if caller, _, _ = net.SplitHostPort(r.RemoteAddr); caller == "" {
		caller = r.RemoteAddr
	}
	h["X-Forwarded-For"] = []string{caller}
	if id := h[contract.RequestID]; len(id) != 1 || !sane(id[0]) {
		h[contract.RequestID] = []string{g.deps.IDs.New()}
	}
	if _, ok := h["User-Agent"]; !ok {
		h["User-Agent"] = nil // or the transport names itself
	}
	return r, caller
}

// sane accepts the ids that the services accept, so that all who log a request call it the same.
func sane(id string) bool {
	return len(id) >= 8 && len(id) <= 64 && strings.IndexFunc(id, strange) < 0
}

func strange(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' && r != '.'
}

// limited is the refusal of a client that asks too often.
type limited struct{ after time.Duration }

func (limited) Error() string {
	return "this client asks more often than it may; the request was not sent on"
}
func (limited) ErrorKind() string { return "too-many-requests" }
func (limited) ErrorCode() string { return "too-many-requests" }

// admit lets a caller in that may ask: with a good token where one is looked at, and not more often than others. Whoever shows a bad token
// is known by the address alone, and has paid for the look.
func (g *Gateway) admit(r *http.Request, o contract.Operation, caller string) error {
	var bad error
	if o.Token {
		var user string
		if user, bad = g.authenticate(r, o.Required); user != "" {
			caller = user
		}
	}
	if ok, after := g.limit.Allow(caller); !ok {
		return limited{after}
	}
	return bad
}

// authenticate returns whose token a request carries. Without keys nobody can say, and the request goes on: the service looks again, and
// is the one that must not be wrong.
func (g *Gateway) authenticate(r *http.Request, wanted bool) (user string, err error) {
	header := r.Header.Get("Authorization")
	if header == "" && !wanted {
		return "", nil
	}
	scheme, signed, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", token.ErrInvalid
	}
	claims, err := g.verify.Verify(r.Context(), signed)
	if errors.Is(err, token.ErrNoKeys) {
		g.deps.Log.DebugContext(r.Context(), "token not verified here",
			"request_id", r.Header.Get(contract.RequestID), "error", err.Error())
		return "", nil
	}
	return claims.User, err
}

// keepBody reads the body of an operation that takes one, so that it can be sent twice. A body that the operation does not take, or that is
// no JSON, is left where it is: the service would not look at it either, and says what is wrong without.
func keepBody(r *http.Request, takes bool) error {
	if !takes || !isJSON(r.Header.Get("Content-Type")) {
		r.Body, r.GetBody, r.ContentLength = http.NoBody, nil, 0
		return nil
	}
	if r.ContentLength > maxBody {
		return errTooLarge
	}
	var kept bytes.Buffer
	if r.ContentLength > 0 {
		kept.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	if _, err := kept.ReadFrom(io.LimitReader(r.Body, maxBody+1)); err != nil {
		return errNoBody
	}
	if kept.Len() > maxBody {
		return errTooLarge
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(kept.Bytes())), nil }
	r.Body, r.ContentLength = http.NoBody, int64(kept.Len())
	if kept.Len() > 0 {
		r.Body, _ = r.GetBody()
	}
	return nil
}

func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == "application/json"
}
