package host

import (
	"context"
	"figlab/api/contract"
	"figlab/api/token"
	"figlab/microservices/platform/call"
	"figlab/shop"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"
)

// Contract returns the echo of the public door: the generated handlers of the shop's contract are registered on it.
func (h *Host) Contract() (*echo.Echo, error) {
	e, err := contract.New(h.options())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.service, err)
	}
	h.doors.public = e
	return e, nil
}

// Front makes a handler the public door of a process that stands before the others: whoever comes there comes from outside, and what only
// services say to one another is not listened to.
func (h *Host) Front(front http.Handler) { h.doors.public, h.outside = front, true }

// Inside returns the echo of what other services may ask, below /internal on the public address. callers says for each operation which
// services may call it; what is not listed nobody may.
func (h *Host) Inside(callers map[string][]string) (*echo.Echo, error) {
	o := h.options()
	o.MaxBody = 256 << 10
	o.Service = h.cfg.Identity.Verify
	o.May = func(operation, service string) bool { return slices.Contains(callers[operation], service) }
	e, err := contract.Inside(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.service, err)
	}
	h.doors.inside = e
	return e, nil
}

// Behind returns the echo of the doors behind the shop, for those who hold the run's admin token.
func (h *Host) Behind() *echo.Echo {
	if h.doors.behind == nil {
		h.doors.behind = contract.Behind(contract.Options{Name: h.deps.Name, Log: h.deps.Log, NewID: h.deps.IDs.New})
		h.auditDoor(h.doors.behind)
	}
	return h.doors.behind
}

func (h *Host) options() contract.Options {
	return contract.Options{Name: h.deps.Name, Log: h.deps.Log, NewID: h.deps.IDs.New, Verify: h.Verifier()}
}

// VerifyBy makes the process verify session tokens by keys of its own.
func (h *Host) VerifyBy(v contract.Verifier) { h.verify = v }

// keysOf is where the keys of session tokens are, unless the process is told another place.
const keysOf = "http://user/.well-known/jwks.json"

// Verifier verifies session tokens by the keys of whoever issues them.
func (h *Host) Verifier() contract.Verifier {
	if h.verify == nil {
		from := h.cfg.Keys
		if from == "" {
			from = keysOf
		}
		client := h.Client(call.Policy{
			To: string(shop.User), Why: "the keys of session tokens", Timeout: 2 * time.Second, Attempts: 3,
			Fallback: "the keys as last known",
		})
		h.verify = token.NewVerifier(token.NewRemote(client, from, h.deps.Now), h.deps.Now)
	}
	return h.verify
}

// ErrAdmin is returned to callers who are not admins.
var ErrAdmin = shop.NewError(shop.Forbidden, "forbidden", "this takes the admin role")

// User returns the id of the signed-in caller, or "" where an operation takes anybody. It comes from a token that was verified here.
func User(ctx context.Context) shop.UserID {
	c, _ := token.From(ctx)
	return shop.UserID(c.User)
}

// Admin returns ErrAdmin unless the caller has the admin role.
func Admin(ctx context.Context) error {
	if c, ok := token.From(ctx); !ok || !c.Admin() {
		return ErrAdmin
	}
	return nil
}
