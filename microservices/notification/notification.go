package notification

import (
	"context"
	"embed"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/shopapi/notificationapi"
	"figlab/internal/process"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/inbox"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"

	rules "figlab/shop/notification"
)

//go:embed migrations/*.sql
var migrations embed.FS

// A Notification service writes and shows messages.
type Notification struct {
	db   *store.Store
	out  outbox.Outbox
	deps process.Deps
}

// New opens the service's database and binds its addresses.
func New(ctx context.Context, cfg host.Config, deps process.Deps) (_ *host.Host, err error) {
	h, err := host.New(string(shop.Notification), cfg, deps)
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
	n := &Notification{db: db, out: h.Outbox(), deps: deps}
	h.Audit(n.audit)
	h.Consume(n.subscription())
	public, err := h.Contract()
	if err != nil {
		return nil, err
	}
	notificationapi.RegisterHandlers(public, notificationapi.NewStrictHandler(HTTP{n}, nil))
	h.Serve()
	return h, nil
}

// tell writes a message about an order, in the transaction that notes its event as handled. cause is what it tells about: the order, or a
// refund. An event names its cause again and again, under ids of its own: the message is there once all the same.
func (n *Notification) tell(tx *store.Tx, user string, kind rules.Kind, cause string, order shop.OrderID, amount shop.Money) error {
	if user == "" || shop.CheckID(cause) != nil || shop.CheckID(string(order)) != nil {
		return inbox.Poison("%s about %q of order %q for %q: somebody is missing", kind, cause, order, user)
	}
	subject, body := rules.Text(kind, order, amount)
	r := row{
		ID: n.deps.IDs.New(), UserID: user, Kind: string(kind), Cause: cause, OrderID: string(order),
		Subject: subject, Body: body, Created: store.Micros(n.deps.Now()),
	}
	fresh, err := insert(tx, r)
	if err != nil || !fresh {
		return err
	}
	return n.out.Append(tx, sent(r))
}

// list returns a page of the user's messages, newest first, and the cursor of the next page.
func (n *Notification) list(ctx context.Context, user shop.UserID, cursor string, limit int) ([]row, string, error) {
	after, err := rules.ParseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	return page(n.db.Read(ctx), user, after, limit)
}

// read marks a message as read; the first time counts.
func (n *Notification) read(ctx context.Context, user shop.UserID, id shop.NotificationID) (r row, err error) {
	err = n.db.Write(ctx, func(tx *store.Tx) error {
		if r, err = find(tx.Locking(), user, id); err != nil || r.ReadAt != 0 {
			return err
		}
		r.ReadAt = store.Micros(n.deps.Now())
		return tx.Save(&r).Error
	})
	if err != nil {
		return row{}, fmt.Errorf("mark message: %w", err)
	}
	return r, nil
}

// audit tells which messages there are. What is still to be told waits on the bus, and the host counts that.
func (n *Notification) audit(ctx context.Context, a *internalapi.Audit) error {
	all, err := messages(n.db.Read(ctx))
	a.Notifications = append(a.Notifications, all...)
	return err
}
