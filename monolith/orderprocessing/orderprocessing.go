package orderprocessing

import (
	"context"
	"errors"
	"figlab/api/shopapi"
	"figlab/internal/process"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/outbox"
	"figlab/monolith/warehouse"
	"figlab/shop"
	"fmt"
	"time"

	notices "figlab/shop/notification"
	rules "figlab/shop/orderprocessing"
	ordering "figlab/shop/ordertaking"
	stocks "figlab/shop/warehouse"
)

// A Module of the monolith.
type Module struct {
	db   *db.DB
	out  outbox.Outbox
	ask  Siblings
	wire func(ordering.Order) shopapi.Order
	deps process.Deps
}

// New returns the module. wire gives an order the contract's shape, for events.
func New(d *db.DB, out outbox.Outbox, ask Siblings, wire func(ordering.Order) shopapi.Order, deps process.Deps) *Module {
	return &Module{d, out, ask, wire, deps}
}

// settleWithin bounds the wait for the database once the provider has answered; the sweeper comes after it.
const settleWithin = 5 * time.Second

// Accept takes a new order in, in the transaction that inserts it: its stock is reserved and its payment intended. It returns the order,
// pending; refused says why nothing was reserved or intended, and whoever calls has the order rejected once it was placed. forSale says
// whether every product still is.
func (m *Module) Accept(tx *db.Tx, o ordering.Order, forSale bool) (accepted ordering.Order, refused rules.Reason, err error) {
	e := rules.Start(m.deps.Now().UTC())
	o.State, o.Version, o.Created, o.Updated = string(e.State), e.Sequence, e.At, e.At
	if err := insert(tx, o.ID, e); err != nil {
		return o, "", err
	}
	if !forSale {
		return o, rules.NotForSale, nil
	}
	if err := m.ask.Stock.Reserve(tx, o.ID, items(o)); errors.Is(err, stocks.ErrShort) {
		return o, rules.OutOfStock, nil
	} else if err != nil {
		return o, "", err
	}
	o.Payment, err = m.ask.Payments.Intend(tx, o.ID, o.User, o.Total, o.Request.PaymentToken)
	return o, "", err
}

// Settle asks the provider for an order's money and confirms or rejects the order. It may be called any number of times, by anybody: the
// provider acts once per key, and a transition happens once. While the provider does not answer, the order stays pending.
func (m *Module) Settle(ctx context.Context, id shop.OrderID, payment shop.PaymentID) (o ordering.Order, err error) {
	captured, err := m.ask.Payments.Charge(ctx, payment)
	if err != nil {
		return o, fmt.Errorf("settle order %s: %w", id, err)
	}
	// The provider has acted: what it did is written down even if the shopper has gone away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		if o, err = m.ask.Orders.Load(tx, id); err != nil || o.State != string(rules.Pending) {
			return err
		}
		if err := m.ask.Payments.Settle(tx, payment, captured); err != nil {
			return err
		}
		if !captured {
			if err := m.ask.Stock.Release(tx, id, items(o)); err != nil {
				return err
			}
			if o, err = m.Reject(tx, o, rules.PaymentDeclined); err != nil {
				return err
			}
			return m.ask.Orders.Save(tx, o)
		}
		o, err = m.confirm(tx, o)
		return err
	})
	if err != nil {
		return o, fmt.Errorf("settle order %s: %w", id, err)
	}
	return o, nil
}

func (m *Module) confirm(tx *db.Tx, o ordering.Order) (ordering.Order, error) {
	var err error
	o.Shipment, err = m.ask.Shipping.Plan(tx, o.ID, o.User, o.Request.Service, o.Request.Address, o.Weight)
	if err != nil {
		return o, err
	}
	products := make([]shop.ProductID, len(o.Lines))
	for i, l := range o.Lines {
		products[i] = l.Product
	}
	if err := m.ask.Suggestions.Record(tx, o.User, products); err != nil {
		return o, err
	}
	if o, err = m.step(tx, o, rules.Confirmed, "", notices.OrderConfirmed); err != nil {
		return o, err
	}
	return o, m.ask.Orders.Save(tx, o)
}

// Reject ends an order that is pending; whoever calls saves it.
func (m *Module) Reject(tx *db.Tx, o ordering.Order, why rules.Reason) (ordering.Order, error) {
	o.Reason = string(why)
	return m.step(tx, o, rules.Rejected, string(why), notices.OrderRejected)
}

// step moves an order to a state, writes the event, and tells the shopper and the bus. It does not save the order.
func (m *Module) step(tx *db.Tx, o ordering.Order, to rules.State, detail string, kind notices.Kind) (ordering.Order, error) {
	before, err := last(tx, o.ID)
	if err != nil {
		return o, err
	}
	e, err := rules.Step(before, to, detail, m.deps.Now().UTC())
	if err != nil {
		return o, err
	}
	if err := insert(tx, o.ID, e); err != nil {
		return o, err
	}
	o.State, o.Version, o.Updated = string(e.State), e.Sequence, e.At
	if err := m.ask.Messages.Tell(tx, o.User, kind, string(o.ID), o.ID, o.Total); err != nil {
		return o, err
	}
	return o, m.out.Append(tx, outbox.Change{
		Capability: shop.OrderProcessing, Type: "order-changed", Key: string(o.ID), Version: o.Version, Data: m.wire(o),
	})
}

// Shipped moves an order on, in the transaction that books its parcel: the pieces leave the house.
func (m *Module) Shipped(_ context.Context, tx *db.Tx, id shop.OrderID) error {
	o, err := m.ask.Orders.Load(tx, id)
	if err != nil {
		return err
	}
	if err := m.ask.Stock.Commit(tx, id, items(o)); err != nil {
		return err
	}
	if o, err = m.step(tx, o, rules.Shipped, "", notices.OrderShipped); err != nil {
		return err
	}
	return m.ask.Orders.Save(tx, o)
}

// Delivered moves an order on, in the transaction that hears of it.
func (m *Module) Delivered(_ context.Context, tx *db.Tx, id shop.OrderID) error {
	o, err := m.ask.Orders.Load(tx, id)
	if err != nil {
		return err
	}
	if o, err = m.step(tx, o, rules.Delivered, "", notices.OrderDelivered); err != nil {
		return err
	}
	return m.ask.Orders.Save(tx, o)
}

// Cancel ends a confirmed order that has not been handed to the carrier: the shipment is called back, the stock released, and the refund
// booked in one transaction; the provider pays it out afterwards.
func (m *Module) Cancel(ctx context.Context, user shop.UserID, id shop.OrderID) (o ordering.Order, err error) {
	if o, err = m.ask.Orders.Owned(ctx, user, id); err != nil {
		return o, err
	}
	var refund string
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		o, refund, err = m.cancel(tx, id)
		return err
	})
	if err != nil {
		return o, fmt.Errorf("cancel order: %w", err)
	}
	if refund == "" { // cancelled before, or all had gone back already
		return o, nil
	}
	if err := m.ask.Payments.FinishRefund(ctx, refund); err != nil {
		m.deps.Log.WarnContext(ctx, "refund is booked and will be carried out later", "order", string(id), "error", err.Error())
	}
	return o, nil
}

// cancel is the transaction. It locks the shipment before the order, as the dispatcher does: the other way round, each would hold what the
// other waits for.
func (m *Module) cancel(tx *db.Tx, id shop.OrderID) (o ordering.Order, refund string, err error) {
	kept := m.ask.Shipping.Cancel(tx, id)
	if kept != nil && !errors.Is(kept, rules.ErrNotCancellable) {
		return o, "", kept
	}
	if o, err = m.ask.Orders.Load(tx, id); err != nil {
		return o, "", err
	}
	switch {
	case o.State == string(rules.Cancelled):
		return o, "", nil
	case kept != nil || o.State != string(rules.Confirmed):
		return o, "", rules.ErrNotCancellable
	}
	if err := m.ask.Stock.Release(tx, id, items(o)); err != nil {
		return o, "", err
	}
	if refund, err = m.ask.Payments.IntendRefund(tx, o.Payment, shop.Money{}, cancelKey); err != nil {
		return o, "", err
	}
	if o, err = m.step(tx, o, rules.Cancelled, "", notices.OrderCancelled); err != nil {
		return o, "", err
	}
	return o, refund, m.ask.Orders.Save(tx, o)
}

// cancelKey decides the refund of a cancelled order. It is shorter than any key a caller may choose.
const cancelKey = "cancel"

// Events returns what happened to one of the user's orders.
func (m *Module) Events(ctx context.Context, user shop.UserID, id shop.OrderID) ([]rules.Event, error) {
	if _, err := m.ask.Orders.Owned(ctx, user, id); err != nil {
		return nil, err
	}
	return all(m.db.Read(ctx), id)
}

func items(o ordering.Order) []warehouse.Item {
	out := make([]warehouse.Item, len(o.Lines))
	for i, l := range o.Lines {
		out[i] = warehouse.Item{Product: l.Product, Quantity: l.Quantity}
	}
	return out
}
