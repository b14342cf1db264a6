package notification_test

import (
	"errors"
	"figlab/shop"
	"figlab/shop/notification"
	"strings"
	"testing"
)

// TestText: every kind has words of its own, names the order by its end, and says how much money it is about when it is about money.
func TestText(t *testing.T) {
	id := shop.OrderID(shop.SeedID(1, 9, 1))
	subjects := map[string]bool{}
	for kind, money := range map[notification.Kind]bool{
		notification.OrderConfirmed: true, notification.OrderRejected: true, notification.OrderShipped: false,
		notification.OrderDelivered: false, notification.OrderCancelled: true, notification.PaymentRefunded: true,
	} {
		subject, body := notification.Text(kind, id, shop.Euro(1234))
		if subject == string(kind) || subjects[subject] {
			t.Errorf("%s has no subject of its own: %q", kind, subject)
		}
		subjects[subject] = true
		if !strings.Contains(body, string(id[len(id)-8:])) || strings.Contains(body, "12.34 EUR") != money {
			t.Errorf("%s: %q", kind, body)
		}
	}
}

func TestCursor(t *testing.T) {
	id := shop.NotificationID(shop.SeedID(1, 9, 1))
	if back, err := notification.ParseCursor(notification.Cursor(id)); err != nil || back != id {
		t.Errorf("%s came back as %s, %v", id, back, err)
	}
	for _, bad := range []string{"x", "n_", "o_" + string(id)} {
		if _, err := notification.ParseCursor(bad); !errors.Is(err, notification.ErrCursor) {
			t.Errorf("%q passes for a cursor: %v", bad, err)
		}
	}
}
