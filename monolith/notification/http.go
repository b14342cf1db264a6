package notification

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/notificationapi"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/session"
	"figlab/monolith/platform/wire"
	"figlab/shop"
)

// HTTP serves the contract's notification operations.
type HTTP struct{ *Module }

var _ notificationapi.StrictServerInterface = HTTP{}

func toWire(r row) shopapi.Notification {
	return shopapi.Notification{
		Id: r.ID, Kind: shopapi.NotificationKind(r.Kind), Subject: r.Subject, Body: r.Body, OrderId: wire.Optional(r.OrderID),
		ReadAt: wire.Optional(db.Time(r.ReadAt)), CreatedAt: db.Time(r.Created),
	}
}

// ListNotifications returns a page of the caller's messages.
func (h HTTP) ListNotifications(
	ctx context.Context, r notificationapi.ListNotificationsRequestObject,
) (notificationapi.ListNotificationsResponseObject, error) {
	rows, next, err := h.list(ctx, session.User(ctx), wire.Value(r.Params.After), wire.Limit(r.Params.Limit))
	if err != nil {
		return nil, err
	}
	out := notificationapi.ListNotifications200JSONResponse{Items: make([]shopapi.Notification, len(rows)), Next: wire.Optional(next)}
	for i, row := range rows {
		out.Items[i] = toWire(row)
	}
	return out, nil
}

// ReadNotification marks a message as read.
func (h HTTP) ReadNotification(
	ctx context.Context, r notificationapi.ReadNotificationRequestObject,
) (notificationapi.ReadNotificationResponseObject, error) {
	row, err := h.read(ctx, session.User(ctx), shop.NotificationID(r.Id))
	if err != nil {
		return nil, err
	}
	return notificationapi.ReadNotification200JSONResponse(toWire(row)), nil
}
