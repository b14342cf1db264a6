package payment

import (
	"context"
	"embed"
	"errors"
	"figlab/api/internalapi/tillapi"
	"figlab/api/shopapi/paymentapi"
	"figlab/internal/process"
	"figlab/microservices/platform/duty"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"

	rules "figlab/shop/payment"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config of the service.
type Config struct {
	host.Config
	Provider string // http://host:port of the payment provider
}

// A Payment takes money and gives it back.
type Payment struct {
	db       *store.Store
	out      outbox.Outbox
	deps     process.Deps
	provider provider
	orders   orders
}

// New opens the service's database and binds its addresses.
func New(ctx context.Context, cfg Config, deps process.Deps) (_ *host.Host, err error) {
	if cfg.Provider == "" {
		return nil, errors.New("payment: --provider is missing: it has the money")
	}
	h, err := host.New(string(shop.Payment), cfg.Config, deps)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	db, err := h.Store(ctx, migrations)
	if err != nil {
		return nil, err
	}
	p := &Payment{db: db, out: h.Outbox(), deps: deps}
	if p.provider, p.orders, err = dial(h, cfg.Provider); err != nil {
		return nil, err
	}
	h.Audit(p.audit)
	h.Part(duty.Part(db, deps, "refunds", p.refunder()))
	return h, p.open(h)
}

// open registers the doors.
func (p *Payment) open(h *host.Host) error {
	public, err := h.Contract()
	if err != nil {
		return err
	}
	paymentapi.RegisterHandlers(public, paymentapi.NewStrictHandler(HTTP{p}, nil))
	inside, err := h.Inside(map[string][]string{
		"authorisePayment": {string(shop.OrderProcessing)}, "refundOrder": {string(shop.OrderProcessing)},
	})
	if err != nil {
		return err
	}
	tillapi.RegisterHandlers(inside, tillapi.NewStrictHandler(Till{p}, nil))
	h.Serve()
	return nil
}

// An Order is what is to be paid.
type Order struct {
	ID     shop.OrderID
	User   shop.UserID
	Amount shop.Money
	Token  string // of the shopper's card
}

// authorise takes an order's money, once however often it is called. An error means that nobody knows yet whether the provider took it.
func (p *Payment) authorise(ctx context.Context, o Order) (row, error) {
	r, err := p.intend(ctx, o)
	if err != nil || r.State != string(rules.Initiated) {
		return r, err
	}
	captured, err := p.provider.charge(ctx, r.ID, r.money(r.Amount), r.Token)
	if errors.Is(err, errRefused) {
		p.deps.Log.WarnContext(ctx, "charge is refused for good", "payment", r.ID, "order", r.OrderID, "error", err.Error())
		err = nil
	}
	if err != nil {
		return r, err
	}
	return p.settle(ctx, shop.PaymentID(r.ID), captured)
}

// intend writes that an order is to be paid, or finds that it was written before.
func (p *Payment) intend(ctx context.Context, o Order) (r row, err error) {
	for range 2 {
		if r, err = ofOrder(p.db.Read(ctx), o.ID); !errors.Is(err, rules.ErrNotFound) {
			return r, err
		}
		now := store.Micros(p.deps.Now())
		r = row{
			ID: p.deps.IDs.New(), OrderID: string(o.ID), UserID: string(o.User), State: string(rules.Initiated),
			Amount: o.Amount.Amount, Currency: string(o.Amount.Currency), Token: o.Token, Version: 1, Created: now, Updated: now,
		}
		err = p.db.Write(ctx, func(tx *store.Tx) error {
			if err := tx.Create(&r).Error; err != nil {
				return err
			}
			return p.tell(tx, r)
		})
		if !errors.Is(err, store.ErrDuplicate) { // else somebody was faster: it is there now
			break
		}
	}
	if err != nil {
		return row{}, fmt.Errorf("intend payment: %w", err)
	}
	return r, nil
}

// settle writes the provider's answer. It acts once: a payment that is no longer initiated stays as it is. The provider has acted, so it
// is written down even if whoever asked has gone away.
func (p *Payment) settle(ctx context.Context, id shop.PaymentID, captured bool) (r row, err error) {
	err = p.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if r, err = find(tx.Locking(), id); err != nil || r.State != string(rules.Initiated) {
			return err
		}
		r.State, r.Updated = string(rules.Declined), store.Micros(p.deps.Now())
		if captured {
			r.State = string(rules.Captured)
			if err := book(tx, "capture:"+r.ID, rules.CaptureEntries(r.money(r.Amount))); err != nil {
				return err
			}
		}
		return p.save(tx, &r)
	})
	if err != nil {
		return row{}, fmt.Errorf("settle payment %s: %w", id, err)
	}
	return r, nil
}

// save writes a change and tells of it.
func (p *Payment) save(tx *store.Tx, r *row) error {
	r.Version++
	if err := tx.Save(r).Error; err != nil {
		return fmt.Errorf("save payment: %w", err)
	}
	return p.tell(tx, *r)
}

// list returns the payments of one of the user's orders. Of an order that was never to be paid nothing is known here: order taking says
// whether the user has it.
func (p *Payment) list(ctx context.Context, user shop.UserID, order shop.OrderID) ([]row, error) {
	r, err := ofOrder(p.db.Read(ctx), order)
	switch {
	case errors.Is(err, rules.ErrNotFound):
		return nil, p.orders.owned(ctx, order)
	case err != nil:
		return nil, err
	case r.UserID != string(user):
		return nil, shop.ErrNoOrder
	}
	return []row{r}, nil
}
