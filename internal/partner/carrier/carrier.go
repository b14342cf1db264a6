// Package carrier is the carrier: another company, with its own process and its own ledger. It books a parcel once per idempotency key,
// delivers it some time later, and tells both in a stream of events that a client follows by long polling. Its counters begin with the
// process; parcels and events survive it.
package carrier

import (
	"context"
	"figlab/api/internalapi"
	"figlab/api/internalapi/carrierapi"
	"figlab/api/problem"
	"figlab/internal/partner/office"
	"figlab/internal/process"
	"fmt"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// Config of the carrier.
type Config struct {
	Listen       string        // public address
	Data         string        // folder of the ledger
	DeliverAfter time.Duration // from booking to delivery
}

// entry is an event with what the booking asked for.
type entry struct {
	internalapi.ParcelEvent
	Request internalapi.ParcelRequest `json:"request"`
}

// A Carrier books and delivers parcels.
type Carrier struct {
	cfg    Config
	deps   process.Deps
	office *office.Office[entry]

	mu       sync.Mutex
	events   []internalapi.ParcelEvent
	parcels  []internalapi.Parcel
	asked    []internalapi.ParcelRequest // what each parcel was booked with
	booked   []internalapi.ParcelEvent   // not delivered yet, in booking order
	byKey    map[string]int
	requests int64
	replays  int64
	news     chan struct{} // closed at the next event
}

// New reads the ledger and binds the address.
func New(cfg Config, deps process.Deps) (*Carrier, error) {
	c := &Carrier{cfg: cfg, deps: deps, byKey: map[string]int{}, news: make(chan struct{})}
	o, entries, err := office.Open[entry](office.Config{Name: "carrier", Listen: cfg.Listen, Data: cfg.Data}, deps, func(e *echo.Echo) {
		carrierapi.RegisterHandlers(e, carrierapi.NewStrictHandler(c, nil))
	})
	if err != nil {
		return nil, err
	}
	c.office = o
	for _, e := range entries {
		c.apply(e)
	}
	return c, nil
}

// Addr is the public address.
func (c *Carrier) Addr() string { return c.office.Addr() }

// Run serves and delivers until ctx ends.
func (c *Carrier) Run(ctx context.Context) error {
	return c.office.Run(ctx, process.Part{Name: "deliveries", Run: c.deliver})
}

var _ carrierapi.StrictServerInterface = (*Carrier)(nil)

// apply takes an entry into memory; the lock is held, or nobody else is there yet.
func (c *Carrier) apply(e entry) {
	c.events = append(c.events, e.ParcelEvent)
	switch e.State {
	case internalapi.ParcelEventStateBooked:
		c.byKey[e.Key] = len(c.parcels)
		c.asked = append(c.asked, e.Request)
		c.parcels = append(c.parcels, internalapi.Parcel{
			Key: e.Key, Reference: fmt.Sprintf("FIG%08d", len(c.parcels)+1), State: internalapi.ParcelStateBooked, Requests: 1,
		})
		c.booked = append(c.booked, e.ParcelEvent)
	case internalapi.ParcelEventStateDelivered:
		c.parcels[c.byKey[e.Key]].State = internalapi.ParcelStateDelivered
		c.booked = c.booked[1:] // each parcel takes the same time: they arrive in booking order
	}
	close(c.news)
	c.news = make(chan struct{})
}

// write appends an entry to the ledger and takes it in; the lock is held.
func (c *Carrier) write(e entry) error {
	e.Sequence, e.At = int64(len(c.events)+1), c.deps.Now().UTC()
	if err := c.office.Append(e); err != nil {
		return err
	}
	c.apply(e)
	return nil
}

// BookParcel books a parcel once per key.
func (c *Carrier) BookParcel(_ context.Context, r carrierapi.BookParcelRequestObject) (carrierapi.BookParcelResponseObject, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	if i, ok := c.byKey[r.Body.Key]; ok {
		if c.asked[i] != *r.Body {
			return nil, &problem.Error{Kind: "conflict", Code: "key-reused", Detail: "this key belongs to another parcel"}
		}
		c.replays++
		c.parcels[i].Requests++
		return carrierapi.BookParcel200JSONResponse(c.parcels[i]), nil
	}
	booking := entry{ParcelEvent: internalapi.ParcelEvent{Key: r.Body.Key, State: internalapi.ParcelEventStateBooked}, Request: *r.Body}
	if err := c.write(booking); err != nil {
		return nil, err
	}
	return carrierapi.BookParcel200JSONResponse(c.parcels[c.byKey[r.Body.Key]]), nil
}

// deliver delivers what is due, sleeping until the next parcel is.
func (c *Carrier) deliver(ctx context.Context) error {
	for {
		next, news, err := c.deliverDue()
		if err != nil {
			return fmt.Errorf("deliver: %w", err)
		}
		timer := time.NewTimer(next)
		select {
		case <-timer.C:
		case <-news:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		timer.Stop()
	}
}

func (c *Carrier) deliverDue() (next time.Duration, news <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.booked) > 0 {
		first := c.booked[0]
		if wait := first.At.Add(c.cfg.DeliverAfter).Sub(c.deps.Now()); wait > 0 {
			return wait, c.news, nil
		}
		delivery := entry{ParcelEvent: internalapi.ParcelEvent{Key: first.Key, State: internalapi.ParcelEventStateDelivered}}
		if err := c.write(delivery); err != nil {
			return 0, nil, err
		}
	}
	return time.Minute, c.news, nil
}

// most is how many events one answer holds.
const most = 500

// ReadParcelEvents returns events after a sequence number, waiting for the first.
func (c *Carrier) ReadParcelEvents(
	ctx context.Context, r carrierapi.ReadParcelEventsRequestObject,
) (carrierapi.ReadParcelEventsResponseObject, error) {
	after, wait := int64(0), time.Duration(0)
	if r.Params.After != nil {
		after = *r.Params.After
	}
	if r.Params.WaitMs != nil {
		wait = time.Duration(*r.Params.WaitMs) * time.Millisecond
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		c.mu.Lock()
		from := min(max(after, 0), int64(len(c.events)))
		items := append([]internalapi.ParcelEvent{}, c.events[from:min(from+most, int64(len(c.events)))]...)
		news := c.news
		c.mu.Unlock()
		if len(items) > 0 || wait == 0 {
			return carrierapi.ReadParcelEvents200JSONResponse{Items: items}, nil
		}
		select {
		case <-news:
		case <-timer.C:
			wait = 0
		case <-ctx.Done():
			return carrierapi.ReadParcelEvents200JSONResponse{Items: items}, nil // stopping, or nobody waits any more
		}
	}
}

// ReadCarrierLedger returns all parcels.
func (c *Carrier) ReadCarrierLedger(
	context.Context, carrierapi.ReadCarrierLedgerRequestObject,
) (carrierapi.ReadCarrierLedgerResponseObject, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return carrierapi.ReadCarrierLedger200JSONResponse{
		Parcels: append([]internalapi.Parcel{}, c.parcels...), Requests: c.requests, Replays: c.replays,
	}, nil
}
