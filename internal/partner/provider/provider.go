// Package provider is the payment provider: another company, with its own process and its own ledger. It acts once per idempotency key and
// answers a repeated request from the ledger. Its counters let an oracle see how often it was asked since the process started; the ledger
// itself survives the process.
package provider

import (
	"context"
	"figlab/api/internalapi"
	"figlab/api/internalapi/providerapi"
	"figlab/api/problem"
	"figlab/internal/partner/office"
	"figlab/internal/process"
	"sync"

	"github.com/labstack/echo/v4"
)

// Config of the provider.
type Config struct {
	Listen string // public address
	Data   string // folder of the ledger
}

// entry is what was done, with the part of the request that the ledger does not show.
type entry struct {
	internalapi.ProviderEntry
	Token string `json:"token,omitempty"`
}

// asksTheSame says whether two requests under one key want the same thing.
func (e entry) asksTheSame(other entry) bool {
	charge := func(e entry) string {
		if e.ChargeKey == nil {
			return ""
		}
		return *e.ChargeKey
	}
	return e.Kind == other.Kind && e.Amount == other.Amount && e.Currency == other.Currency &&
		e.Token == other.Token && charge(e) == charge(other)
}

// A Provider takes money and gives it back.
type Provider struct {
	office *office.Office[entry]

	mu       sync.Mutex
	entries  []entry
	byKey    map[string]int
	refunded map[string]int64 // key of a charge → what went back of it
	requests int64
	replays  int64
}

// New reads the ledger and binds the address.
func New(cfg Config, deps process.Deps) (*Provider, error) {
	p := &Provider{byKey: map[string]int{}, refunded: map[string]int64{}}
	o, entries, err := office.Open[entry](office.Config{Name: "provider", Listen: cfg.Listen, Data: cfg.Data}, deps, func(e *echo.Echo) {
		providerapi.RegisterHandlers(e, providerapi.NewStrictHandler(p, nil))
	})
	if err != nil {
		return nil, err
	}
	p.office = o
	for _, e := range entries {
		p.apply(e)
	}
	return p, nil
}

// Addr is the public address.
func (p *Provider) Addr() string { return p.office.Addr() }

// Run serves until ctx ends.
func (p *Provider) Run(ctx context.Context) error { return p.office.Run(ctx) }

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
	e, err := p.act(entry{Token: r.Body.Token, ProviderEntry: internalapi.ProviderEntry{
		Key: r.Body.Key, Kind: internalapi.Charge, State: state, Amount: r.Body.Amount, Currency: r.Body.Currency,
	}})
	if err != nil {
		return nil, err
	}
	return providerapi.Charge200JSONResponse(e), nil
}

// Refund gives money back once per key, never more than was taken.
func (p *Provider) Refund(_ context.Context, r providerapi.RefundRequestObject) (providerapi.RefundResponseObject, error) {
	e, err := p.act(entry{ProviderEntry: internalapi.ProviderEntry{
		Key: r.Body.Key, Kind: internalapi.Refund, State: internalapi.Refunded, Amount: r.Body.Amount,
		Currency: r.Body.Currency, ChargeKey: &r.Body.ChargeKey,
	}})
	if err != nil {
		return nil, err
	}
	return providerapi.Refund200JSONResponse(e), nil
}

// act writes an entry unless its key is known; then it answers what was done before.
func (p *Provider) act(e entry) (internalapi.ProviderEntry, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests++
	if i, ok := p.byKey[e.Key]; ok {
		known := &p.entries[i]
		if !known.asksTheSame(e) {
			return e.ProviderEntry, refuse("conflict", "key-reused", "this key belongs to another request")
		}
		p.replays++
		known.Requests++
		return known.ProviderEntry, nil
	}
	if err := p.check(e); err != nil {
		return e.ProviderEntry, err
	}
	e.Sequence, e.Requests = int64(len(p.entries)+1), 1
	if err := p.office.Append(e); err != nil {
		return e.ProviderEntry, err
	}
	p.apply(e)
	return e.ProviderEntry, nil
}

// check says why a new refund cannot be; a charge always can.
func (p *Provider) check(e entry) error {
	if e.ChargeKey == nil {
		return nil
	}
	i, ok := p.byKey[*e.ChargeKey]
	if !ok || p.entries[i].State != internalapi.Captured {
		return refuse("not-found", "charge-not-found", "nothing was captured under this key")
	}
	charge := p.entries[i]
	switch {
	case e.Currency != charge.Currency:
		return refuse("invalid", "currency-mismatch", "money goes back in the currency it was taken in")
	case e.Amount > charge.Amount-p.refunded[charge.Key]:
		return refuse("conflict", "refund-too-large", "this is more than what is left of the charge")
	}
	return nil
}

// apply takes an entry into memory; the lock is held, or nobody else is there yet.
func (p *Provider) apply(e entry) {
	p.byKey[e.Key] = len(p.entries)
	p.entries = append(p.entries, e)
	if e.ChargeKey != nil {
		p.refunded[*e.ChargeKey] += e.Amount
	}
}

// ReadProviderLedger returns everything that was done.
func (p *Provider) ReadProviderLedger(
	context.Context, providerapi.ReadProviderLedgerRequestObject,
) (providerapi.ReadProviderLedgerResponseObject, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := providerapi.ReadProviderLedger200JSONResponse{
		Entries: make([]internalapi.ProviderEntry, len(p.entries)), Requests: p.requests, Replays: p.replays,
	}
	for i, e := range p.entries {
		out.Entries[i] = e.ProviderEntry
	}
	return out, nil
}
