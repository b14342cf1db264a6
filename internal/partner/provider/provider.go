// Package provider is the payment provider: another company, with its own process and its own ledger. It acts once per idempotency key and
// answers a repeated request from the ledger; its counters let an oracle see how often it was asked.
package provider

import (
	"context"
	"errors"
	"figlab/api/contract"
	"figlab/api/internalapi"
	"figlab/api/internalapi/providerapi"
	"figlab/api/problem"
	"figlab/internal/partner/ledger"
	"figlab/internal/process"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"time"
)

// Config of the provider.
type Config struct {
	Listen string // public address
	Data   string // folder of the ledger
}

// A Provider takes money and gives it back.
type Provider struct {
	listener net.Listener
	part     process.Part

	mu       sync.Mutex
	ledger   *ledger.Ledger[internalapi.ProviderEntry]
	entries  []internalapi.ProviderEntry
	byKey    map[string]int
	requests int64
	replays  int64
}

// New reads the ledger and binds the address.
func New(cfg Config, deps process.Deps) (*Provider, error) {
	l, entries, err := ledger.Open[internalapi.ProviderEntry](filepath.Join(cfg.Data, "provider.jsonl"))
	if err != nil {
		return nil, err
	}
	p := &Provider{ledger: l, entries: entries, byKey: map[string]int{}}
	for i, e := range entries {
		p.byKey[e.Key] = i
	}
	if p.listener, err = deps.Listen("tcp", cfg.Listen); err != nil {
		return nil, errors.Join(fmt.Errorf("listen: %w", err), l.Close())
	}
	e, err := contract.Partner(contract.Options{Name: deps.Name, Log: deps.Log, NewID: deps.IDs.New})
	if err != nil {
		return nil, errors.Join(err, p.listener.Close(), l.Close())
	}
	providerapi.RegisterHandlers(e, providerapi.NewStrictHandler(p, nil))
	p.part = process.Serve("provider", p.listener, e)
	return p, nil
}

// Addr is the public address.
func (p *Provider) Addr() string { return p.listener.Addr().String() }

// Run serves until ctx ends.
func (p *Provider) Run(ctx context.Context) error {
	return errors.Join(process.Run(ctx, 6*time.Second, p.part), p.ledger.Close())
}

var _ providerapi.StrictServerInterface = (*Provider)(nil)

// declinedToken stands for a card that is always declined.
const declinedToken = "tok_declined"

func refuse(kind, code, detail string) error {
	return &problem.Error{Kind: kind, Code: code, Detail: detail}
}

// Charge takes money once per key.
func (p *Provider) Charge(_ context.Context, r providerapi.ChargeRequestObject) (providerapi.ChargeResponseObject, error) {
	state := internalapi.Captured
	if r.Body.Token == declinedToken {
		state = internalapi.Declined
	}
	e, err := p.act(internalapi.ProviderEntry{
		Key: r.Body.Key, Kind: internalapi.Charge, State: state, Amount: r.Body.Amount, Currency: r.Body.Currency,
	}, func() error { return nil })
	if err != nil {
		return nil, err
	}
	return providerapi.Charge200JSONResponse(e), nil
}

// Refund gives money back once per key, never more than was taken.
func (p *Provider) Refund(_ context.Context, r providerapi.RefundRequestObject) (providerapi.RefundResponseObject, error) {
	e, err := p.act(internalapi.ProviderEntry{
		Key: r.Body.Key, Kind: internalapi.Refund, State: internalapi.Refunded, Amount: r.Body.Amount,
		Currency: r.Body.Currency, ChargeKey: &r.Body.ChargeKey,
	}, func() error {
		if p.left(r.Body.ChargeKey) < r.Body.Amount {
			return refuse("conflict", "refund-too-large", "this is more than what is left of the charge")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return providerapi.Refund200JSONResponse(e), nil
}

// act writes an entry unless its key is known; then it answers what was done before. check is asked before a new entry is written.
func (p *Provider) act(e internalapi.ProviderEntry, check func() error) (internalapi.ProviderEntry, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests++
	if i, ok := p.byKey[e.Key]; ok {
		known := &p.entries[i]
		if known.Kind != e.Kind || known.Amount != e.Amount || known.Currency != e.Currency {
			return e, refuse("conflict", "key-reused", "this key belongs to another request")
		}
		p.replays++
		known.Requests++
		return *known, nil
	}
	if err := check(); err != nil {
		return e, err
	}
	e.Sequence, e.Requests = int64(len(p.entries)+1), 1
	if err := p.ledger.Append(e); err != nil {
		return e, err
	}
	p.byKey[e.Key] = len(p.entries)
	p.entries = append(p.entries, e)
	return e, nil
}

// left is what may still be refunded of a charge.
func (p *Provider) left(key string) int64 {
	i, ok := p.byKey[key]
	if !ok || p.entries[i].State != internalapi.Captured {
		return 0
	}
	left := p.entries[i].Amount
	for _, e := range p.entries {
		if e.ChargeKey != nil && *e.ChargeKey == key {
			left -= e.Amount
		}
	}
	return left
}

// ReadProviderLedger returns everything that was done.
func (p *Provider) ReadProviderLedger(
	context.Context, providerapi.ReadProviderLedgerRequestObject,
) (providerapi.ReadProviderLedgerResponseObject, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return providerapi.ReadProviderLedger200JSONResponse{
		Entries: append([]internalapi.ProviderEntry{}, p.entries...), Requests: p.requests, Replays: p.replays,
	}, nil
}
