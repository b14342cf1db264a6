package host

import (
	"context"
	"errors"
	"figlab/api/contract"
	"figlab/internal/bus"
	"figlab/internal/identity"
	"figlab/internal/process"
	"figlab/internal/registry"
	"figlab/microservices/platform/cache"
	"figlab/microservices/platform/call"
	"figlab/microservices/platform/inbox"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/shed"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
)

// Config of a process of the house; each uses what it needs.
type Config struct {
	Listen     string // public address
	Admin      string // address of the doors behind the shop
	AdminToken string
	Data       string // folder of this instance's own files
	Database   string // folder of the SQLite file that all replicas share; empty: Data
	Store      string // sqlite or postgres
	DSN        string // of Postgres: a database of the service's own
	Broker     string // nats://host:port; the registry lives there too
	Keys       string // where the keys of session tokens are published; empty: at the user service
	Owns       bool   // the service owns its rows: it seeds them, takes the writes and tells of them
	Seed       Seed
	Identity   *identity.Identity // who this process is to other services; nil: nobody
	Most       int                // requests at once; 0: what package shed takes for it
}

// Seed says which data an empty database is filled with.
type Seed struct {
	Products int
	Users    int
	Seed     uint64
}

// A Host is one process. A service wires it and then says Serve; Run runs it.
type Host struct {
	cfg           Config
	service       string
	deps          process.Deps
	bus           *bus.Bus
	registry      *registry.Registry
	calls         *call.Caller
	watched       map[string]*registry.Set
	verify        contract.Verifier
	public, admin net.Listener

	db        *store.Store // nil for a process without one
	consumers []consumer
	audits    []audit
	doors     doors
	outside   bool // callers come from outside the house
	ready     []func() error
	parts     []process.Part
	run       []process.Part // everything, in the order it starts
	closers   []func() error
	shed      *shed.Shedder
	cached    func() cache.Stats // nil: nothing is cached
	paths     paths
	draining  atomic.Bool
}

// doors are the handlers of a process.
type doors struct {
	public http.Handler
	inside *echo.Echo
	behind *echo.Echo
}

// grace is how long each part may take to stop.
const grace = 6 * time.Second

// maxBehind bounds a body on the doors behind the shop, in bytes: a batch of rows.
const maxBehind = 16 << 20

// New binds the addresses and begins to connect to the broker. service is the name it is found by.
func New(service string, cfg Config, deps process.Deps) (h *Host, err error) {
	h = &Host{cfg: cfg, service: service, deps: deps, watched: map[string]*registry.Set{}}
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
	h.registry = registry.New(h.bus, deps)
	h.calls = call.New(call.Options{Service: service, Deps: deps, Find: h.find, Identity: h.cfg.Identity, Draw: draw})
	h.shed = shed.New(shed.Options{Name: deps.Name, Most: cfg.Most})
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

// Instances is the set of the instances of a service, kept current while the host runs.
func (h *Host) Instances(service string) *registry.Set {
	s, ok := h.watched[service]
	if !ok {
		s = h.registry.Watch(service)
		h.watched[service] = s
		h.run = append(h.run, s.Part())
	}
	return s
}

// find returns the instances of a service; those of another company are not in the registry.
func (h *Host) find(service string) call.Instances {
	if !shop.Capability(service).Known() {
		return nil
	}
	return h.Instances(service)
}

// Calls is how this process calls others.
func (h *Host) Calls() *call.Caller { return h.calls }

// Client returns a client for http://SERVICE, under a policy.
func (h *Host) Client(p call.Policy) *http.Client { return h.calls.Client(p) }

// Store opens the service's own database. It is closed after everything has stopped; what is written to its outbox is relayed.
func (h *Host) Store(ctx context.Context, migrations fs.FS) (*store.Store, error) {
	dir := h.cfg.Database
	if dir == "" {
		dir = h.cfg.Data
	}
	db, err := store.Open(ctx, store.Options{
		Kind: h.cfg.Store, Dir: dir, Name: h.service, DSN: h.cfg.DSN, Migrations: migrations,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.service, err)
	}
	h.db = db
	h.Own(db.Close)
	h.Ready(db.Ready)
	h.run = append(h.run, outbox.Relay(db, h.bus, h.deps), inbox.Tidy(db, h.deps))
	return db, nil
}

// Outbox is where the service writes what it tells others.
func (h *Host) Outbox() outbox.Outbox { return outbox.New(shop.Capability(h.service), h.deps) }

// consumeAtOnce is how many events one transaction takes in at most.
const consumeAtOnce = 64

// A consumer of the bus, as the doors behind the shop tell of it.
type consumer struct {
	durable  string
	subjects []string
	counts   func() (handled, duplicates int64)
}

// Consume has the events of a subscription handled while the host runs. The database must have been opened.
func (h *Host) Consume(s inbox.Subscription) {
	c := inbox.New(s, h.db, h.deps)
	h.consumers = append(h.consumers, consumer{s.Durable, s.Subjects(), c.Counts})
	h.Part(h.bus.ConsumeBatch(s.Durable, s.Subjects(), consumeAtOnce, c.Handle))
}

// Listen is Consume for a service that notes by itself what it has handled.
func (h *Host) Listen(durable string, subjects []string, most int, handle func(context.Context, []bus.Message) []error) {
	var handled atomic.Int64
	h.consumers = append(h.consumers, consumer{durable, subjects, func() (int64, int64) { return handled.Load(), 0 }})
	h.Part(h.bus.ConsumeBatch(durable, subjects, most, func(ctx context.Context, messages []bus.Message) []error {
		errs := handle(ctx, messages)
		for i := range messages {
			if i >= len(errs) || errs[i] == nil {
				handled.Add(1)
			}
		}
		return errs
	}))
}

// Own has something closed after everything has stopped, what was owned last first.
func (h *Host) Own(closing func() error) { h.closers = append(h.closers, closing) }

// Ready adds a reason why the process may not be able to serve: nil when there is none. While there is one it gives up its lease.
func (h *Host) Ready(check func() error) { h.ready = append(h.ready, check) }

// Part has something run with the host, and stopped after the doors.
func (h *Host) Part(p process.Part) { h.parts = append(h.parts, p) }

// Addr is the public address.
func (h *Host) Addr() string { return h.public.Addr().String() }

// AdminAddr is the address of the doors behind the shop.
func (h *Host) AdminAddr() string { return h.admin.Addr().String() }

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
