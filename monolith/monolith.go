package monolith

import (
	"context"
	"errors"
	"figlab/api/contract"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/internal/registry"
	"figlab/monolith/catalog"
	"figlab/monolith/platform/audit"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/outbox"
	"fmt"
	"net"
	"os"
	"time"
)

// Seed says which data an empty database is filled with.
type Seed struct {
	Products int
	Users    int
	Seed     uint64
}

// Config of the monolith.
type Config struct {
	Listen     string // public address
	Admin      string // address of the doors behind the shop
	AdminToken string
	Data       string // folder of the SQLite file
	Store      string // sqlite or postgres
	DSN        string // of Postgres
	Broker     string // nats://host:port; empty: events stay in the outbox
	Provider   string // http://host:port
	Carrier    string // http://host:port
	Seed       Seed
	// DispatchDelay is the time between confirming and shipping in which an order can be cancelled.
	DispatchDelay time.Duration
}

// A Monolith is the whole shop in one process.
type Monolith struct {
	cfg           Config
	deps          process.Deps
	db            *db.DB
	bus           *bus.Bus // nil without a broker
	public, admin net.Listener
	parts         []process.Part
}

// grace is how long each part may take to stop.
const grace = 6 * time.Second

// New opens the database, seeds it when it is empty, wires the modules and binds the addresses.
func New(ctx context.Context, cfg Config, deps process.Deps) (m *Monolith, err error) {
	m = &Monolith{cfg: cfg, deps: deps}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.close())
		}
	}()
	if err := os.MkdirAll(cfg.Data, 0o755); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if m.db, err = db.Open(ctx, db.Options{Store: cfg.Store, Dir: cfg.Data, DSN: cfg.DSN}); err != nil {
		return nil, err
	}
	mods, err := wire(ctx, m.db, cfg, deps)
	if err != nil {
		return nil, err
	}
	if err := mods.seed(ctx, m.db, cfg.Seed); err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	if m.public, err = deps.Listen("tcp", cfg.Listen); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if m.admin, err = deps.Listen("tcp", cfg.Admin); err != nil {
		return nil, fmt.Errorf("listen for admin: %w", err)
	}
	return m, m.assemble(mods)
}

// assemble lists the parts in the order they start; they stop in reverse.
func (m *Monolith) assemble(mods *modules) error {
	e, err := contract.New(contract.Options{
		Name: m.deps.Name, Log: m.deps.Log, NewID: m.deps.IDs.New, Verify: mods.user.Verifier(),
	})
	if err != nil {
		return err
	}
	mods.register(e)
	m.parts = append(m.parts,
		mods.processing.Sweeper(), mods.logistics.Dispatcher(mods.processing), mods.logistics.Listener(mods.processing))
	var lease []process.Part
	if m.cfg.Broker != "" {
		if m.bus, err = bus.Dial(m.deps, m.cfg.Broker); err != nil {
			return err
		}
		m.parts = append(m.parts, outbox.Relay(m.db, m.bus, m.deps))
		lease = append(lease, registry.New(m.bus, m.deps).Lease(registry.Instance{
			Service: "monolith", Name: m.deps.Name, Address: m.Addr(), Admin: m.AdminAddr(),
		}, nil))
	}
	doors := process.NewAdmin(m.cfg.AdminToken, func() error { return nil })
	doors.Handle("/", behind(m.deps, audit.New(m.db), catalog.Feed{Module: mods.catalog}))
	m.parts = append(m.parts, process.Serve("admin doors", m.admin, doors), process.Serve("shop", m.public, e))
	m.parts = append(m.parts, lease...)
	return nil
}

// Addr is the public address.
func (m *Monolith) Addr() string { return m.public.Addr().String() }

// AdminAddr is the address of the doors behind the shop.
func (m *Monolith) AdminAddr() string { return m.admin.Addr().String() }

// Run serves until ctx ends, then stops in reverse order and closes the database.
func (m *Monolith) Run(ctx context.Context) error {
	return errors.Join(process.Run(ctx, grace, m.parts...), m.close())
}

func (m *Monolith) close() error {
	var errs []error
	if m.bus != nil {
		m.bus.Close()
	}
	for _, l := range []net.Listener{m.public, m.admin} {
		if l != nil {
			if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	if m.db != nil {
		errs = append(errs, m.db.Close())
	}
	return errors.Join(errs...)
}
