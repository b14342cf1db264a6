package monolith_test

import (
	"figlab/monolith/payment"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/outbox"
	"figlab/shop"
	"testing"
	"time"
)

// TestOpenPaymentsAreAllSeen: more payments than a page holds, all begun at the same moment, are each yielded once, also while those before
// are being settled.
func TestOpenPaymentsAreAllSeen(t *testing.T) {
	t.Parallel()
	for store, use := range map[string]func(*testing.T) string{"sqlite": nil, "postgres": database} {
		t.Run(store, func(t *testing.T) {
			o := db.Options{Store: store, Dir: t.TempDir()}
			if use != nil {
				o.DSN = use(t)
			}
			d, err := db.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = d.Close() }()
			at, deps := time.Now(), deps(t, "monolith")
			deps.Now = func() time.Time { return at }
			m, err := payment.New(d, outbox.New(deps), nil, "http://127.0.0.1:1", deps)
			if err != nil {
				t.Fatal(err)
			}
			const n = 1100
			begun := map[string]bool{}
			err = d.Write(t.Context(), func(tx *db.Tx) error {
				for range n {
					id, err := m.Intend(tx, "order", "user", shop.Euro(1), "tok_ok")
					if begun[string(id)] = true; err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if openNow(t, m, at, func(payment.Unfinished) {}) != 0 {
				t.Error("payments begun at a moment are not older than it")
			}
			i := 0
			seen := openNow(t, m, at.Add(time.Microsecond), func(u payment.Unfinished) {
				if !begun[u.ID] || u.Refund || u.Order != "order" {
					t.Fatalf("%+v is not open, or was seen before", u)
				}
				delete(begun, u.ID)
				if i++; i%7 != 0 {
					return
				}
				if err := d.Write(t.Context(), func(tx *db.Tx) error { return m.Settle(tx, shop.PaymentID(u.ID), false) }); err != nil {
					t.Fatal(err)
				}
			})
			if seen != n {
				t.Errorf("%d of %d were seen", seen, n)
			}
		})
	}
}

func openNow(t *testing.T, m *payment.Module, before time.Time, see func(payment.Unfinished)) (n int) {
	t.Helper()
	for u, err := range m.Open(t.Context(), db.Micros(before)) {
		if err != nil {
			t.Fatal(err)
		}
		see(u)
		n++
	}
	return n
}
