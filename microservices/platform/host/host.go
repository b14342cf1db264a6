package host

import (
	"context"
	"errors"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/internal/registry"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Config of a process of the house; each uses what it needs.
type Config struct {
	Listen     string // public address
	Admin      string // address of the doors behind the shop
	AdminToken string
	Data       string // folder of its files
	Store      string // sqlite or postgres
	DSN        string // of Postgres: a database of the service's own
	Broker     string // nats://host:port; the registry lives there too
	Keys       string // where the keys of session tokens are published; empty: no token is good
}

// A Host is one process. It is filled by Serve and then run.
type Host struct {
	cfg           Config
	service       string
	deps          process.Deps
	bus           *bus.Bus
	public, admin net.Listener
	parts         []process.Part
	closers       []func() error
}

// grace is how long each part may take to stop.
const grace = 6 * time.Second

// maxBehind bounds a body on the doors behind the shop, in bytes: a batch of rows.
const maxBehind = 16 << 20

// New binds the addresses and begins to connect to the broker. service is the name it is found by.
func New(service string, cfg Config, deps process.Deps) (h *Host, err error) {
	h = &Host{cfg: cfg, service: service, deps: deps}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	if cfg.Broker == "" {
		return nil, fmt.Errorf("%s: --broker is missing: it brings the changes and keeps the registry", service)
	}
	if h.bus, err = bus.Dial(deps, cfg.Broker); err != nil {
		return nil, err
	}
	if h.public, err = deps.Listen("tcp", cfg.Listen); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if h.admin, err = deps.Listen("tcp", cfg.Admin); err != nil {
		return nil, fmt.Errorf("listen for admin: %w", err)
	}
	return h, nil
}

// Bus is the connection to the broker.
func (h *Host) Bus() *bus.Bus { return h.bus }

// Registry is this process's view of who runs where.
func (h *Host) Registry() *registry.Registry { return registry.New(h.bus, h.deps) }

// Own has something closed after everything has stopped, what was owned last first.
func (h *Host) Own(closing func() error) { h.closers = append(h.closers, closing) }

// Serve says what runs: the parts, then the doors, then the lease; they stop in reverse, so that callers go elsewhere first. behind may be
// nil. ready says why the process cannot serve, or nil.
func (h *Host) Serve(public, behind http.Handler, ready func() error, parts ...process.Part) {
	doors := process.NewAdmin(h.cfg.AdminToken, ready)
	if behind != nil {
		doors.Handle("/", http.MaxBytesHandler(behind, maxBehind))
	}
	h.parts = append(h.parts, parts...)
	h.parts = append(h.parts,
		process.Serve("admin doors", h.admin, doors), process.Serve(h.service, h.public, public),
		h.Registry().Lease(registry.Instance{Service: h.service, Name: h.deps.Name, Address: h.Addr(), Admin: h.AdminAddr()}))
}

// Addr is the public address.
func (h *Host) Addr() string { return h.public.Addr().String() }

// AdminAddr is the address of the doors behind the shop.
func (h *Host) AdminAddr() string { return h.admin.Addr().String() }

// Run serves until ctx ends, then stops in reverse order and closes what the process owns.
func (h *Host) Run(ctx context.Context) error {
	return errors.Join(process.Run(ctx, grace, h.parts...), h.Close())
}

// Close closes a process that will not run.
func (h *Host) Close() error {
	var errs []error
	if h.bus != nil {
		h.bus.Close()
	}
	for _, l := range []net.Listener{h.public, h.admin} {
		if l != nil {
			if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	for i := len(h.closers) - 1; i >= 0; i-- {
		errs = append(errs, h.closers[i]())
	}
	return errors.Join(errs...)
}
