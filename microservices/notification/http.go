package notification

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/notificationapi"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/store"
	"figlab/microservices/platform/wire"
	"figlab/shop"
)

// HTTP serves the contract's notification operations.
type HTTP struct{ *Notification }

var _ notificationapi.StrictServerInterface = HTTP{}

func toWire(r row) shopapi.Notification {
	return shopapi.Notification{
		Id: r.ID, Kind: shopapi.NotificationKind(r.Kind), Subject: r.Subject, Body: r.Body, OrderId: wire.Optional(r.OrderID),
		ReadAt: wire.Optional(store.Time(r.ReadAt)), CreatedAt: store.Time(r.Created),
	}
}

// ListNotifications returns a page of the caller's messages.
func (h HTTP) ListNotifications(
	ctx context.Context, r notificationapi.ListNotificationsRequestObject,
) (notificationapi.ListNotificationsResponseObject, error) {
	rows, next, err := h.list(ctx, host.User(ctx), wire.Or(r.Params.After, ""), wire.Limit(r.Params.Limit))
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
	row, err := h.read(ctx, host.User(ctx), shop.NotificationID(r.Id))
	if err != nil {
		return nil, err
	}
	return notificationapi.ReadNotification200JSONResponse(toWire(row)), nil
}
