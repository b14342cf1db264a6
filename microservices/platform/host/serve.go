package host

import (
	"context"
	"errors"
	"figlab/api/internalapi/callsapi"
	"figlab/api/internalapi/deadlettersapi"
	"figlab/internal/process"
	"figlab/internal/registry"
	"math/rand/v2"
	"net/http"
	"time"
)

func draw(n int) int { return rand.IntN(n) } //nolint:gosec // balancing needs no secrecy

// Serve says that everything is wired: the watches and the relay run first and stop last, then the service's own parts and consumers, then
// the doors, then the lease; they stop in reverse, so that callers go elsewhere before the doors close.
func (h *Host) Serve() {
	behind := h.Behind()
	callsapi.RegisterHandlers(behind, callsapi.NewStrictHandler(report{h}, nil))
	deadlettersapi.RegisterHandlers(behind, deadlettersapi.NewStrictHandler(letters{h}, nil))
	admin := process.NewAdmin(h.cfg.AdminToken, h.able)
	admin.Handle("/", http.MaxBytesHandler(behind, maxBehind))
	h.run = append(h.run, h.parts...)
	h.run = append(h.run,
		process.Serve("admin doors", h.admin, admin), process.Serve(h.service, h.public, h.entrance()), h.lingerer(),
		h.registry.Lease(registry.Instance{Service: h.service, Name: h.deps.Name, Address: h.Addr(), Admin: h.AdminAddr()}, h.able))
}

// able says why the process cannot serve, or nil.
func (h *Host) able() error {
	for _, check := range h.ready {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// linger is how long the doors stay open once the lease was given back: callers learn of it within milliseconds, and a request that is on
// its way already is still answered.
const linger = 300 * time.Millisecond

// lingerer returns the part that stops between the lease and the doors.
func (h *Host) lingerer() process.Part {
	return process.Part{Name: "linger", Run: func(ctx context.Context) error {
		<-ctx.Done()
		h.draining.Store(true)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), linger)
		defer cancel()
		if !h.registry.Empty(ctx, h.service) { // else there is nobody whom callers could go to instead
			<-ctx.Done()
		}
		return nil
	}}
}

// Run serves until ctx ends, then stops in reverse order and closes what the process owns.
func (h *Host) Run(ctx context.Context) error {
	return errors.Join(process.Run(ctx, grace, h.run...), h.Close())
}
