// Package office is where a partner works: its ledger, its address and the server of its contract, opened together and closed together.
// What the company does there is its own.
package office

import (
	"context"
	"errors"
	"figlab/api/contract"
	"figlab/internal/partner/ledger"
	"figlab/internal/process"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"github.com/labstack/echo/v4"
)

// Config of an office.
type Config struct {
	Name   string // of the company, and of the file it keeps its ledger in
	Listen string // public address
	Data   string // folder of the ledger
}

// An Office of a company whose ledger has entries of one type.
type Office[E any] struct {
	ledger   *ledger.Ledger[E]
	listener net.Listener
	server   process.Part
}

// grace is how long each part may take to stop.
const grace = 6 * time.Second

// Open reads the ledger, binds the address and returns the entries. register puts the company's operations on the server; none is called
// before Run.
func Open[E any](cfg Config, deps process.Deps, register func(*echo.Echo)) (*Office[E], []E, error) {
	l, entries, err := ledger.Open[E](filepath.Join(cfg.Data, cfg.Name+".jsonl"))
	if err != nil {
		return nil, nil, err
	}
	listener, err := deps.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("listen: %w", err), l.Close())
	}
	e, err := contract.Partner(contract.Options{Name: deps.Name, Log: deps.Log, NewID: deps.IDs.New})
	if err != nil {
		return nil, nil, errors.Join(err, listener.Close(), l.Close())
	}
	register(e)
	return &Office[E]{l, listener, process.Serve(cfg.Name, listener, e)}, entries, nil
}

// Addr is the public address.
func (o *Office[E]) Addr() string { return o.listener.Addr().String() }

// Append writes an entry to the ledger. Calls come one at a time.
func (o *Office[E]) Append(e E) error { return o.ledger.Append(e) }

// Run serves until ctx ends, with the company's other parts started before the server and stopped after it; then it closes the ledger.
func (o *Office[E]) Run(ctx context.Context, parts ...process.Part) error {
	return errors.Join(process.Run(ctx, grace, append(parts, o.server)...), o.ledger.Close())
}
