package notification

import (
	"context"
	"figlab/internal/process"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/outbox"
	"figlab/shop"
	"fmt"

	rules "figlab/shop/notification"
)

// A Module of the monolith.
type Module struct {
	db   *db.DB
	out  outbox.Outbox
	deps process.Deps
}

// New returns the module.
func New(d *db.DB, out outbox.Outbox, deps process.Deps) *Module { return &Module{d, out, deps} }

// Tell writes a message about an order, in the caller's transaction. cause is what it tells about: the order, or a refund.
func (m *Module) Tell(tx *db.Tx, user shop.UserID, kind rules.Kind, cause string, order shop.OrderID, amount shop.Money) error {
	subject, body := rules.Text(kind, order, amount)
	r := row{
		ID: m.deps.IDs.New(), UserID: string(user), Kind: string(kind), Cause: cause, OrderID: string(order),
		Subject: subject, Body: body, Created: db.Micros(m.deps.Now()),
	}
	fresh, err := insert(tx, r)
	if err != nil || !fresh {
		return err
	}
	return m.out.Append(tx, outbox.Change{Capability: shop.Notification, Type: "notification-sent", Key: r.ID, Version: 1, Data: toWire(r)})
}

// list returns a page of the user's messages, newest first, and the cursor of the next page.
func (m *Module) list(ctx context.Context, user shop.UserID, cursor string, limit int) ([]row, string, error) {
	after, err := rules.ParseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	return page(m.db.Read(ctx), user, after, limit)
}

// read marks a message as read; the first time counts.
func (m *Module) read(ctx context.Context, user shop.UserID, id shop.NotificationID) (r row, err error) {
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		if r, err = find(tx.Locking(), user, id); err != nil || r.ReadAt != 0 {
			return err
		}
		r.ReadAt = db.Micros(m.deps.Now())
		return tx.Save(&r).Error
	})
	if err != nil {
		return row{}, fmt.Errorf("mark message: %w", err)
	}
	return r, nil
}
