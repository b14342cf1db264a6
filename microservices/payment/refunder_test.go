package payment

import (
	"context"
	"errors"
	"figlab/internal/process"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// bank is a provider that a test closes, or that hangs before it says so.
type bank struct {
	mu     sync.Mutex
	closed bool
	hangs  time.Duration
	asked  []time.Time // for a refund
}

func (*bank) charge(context.Context, string, shop.Money, string) (bool, error) { return true, nil }

func (b *bank) refund(context.Context, string, string, shop.Money) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, time.Now())
	if b.closed {
		time.Sleep(b.hangs)
		return errors.New("closed")
	}
	return nil
}

// since is when it was asked, in seconds after a time.
func (b *bank) since(begin time.Time) (seconds []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, at := range b.asked {
		seconds = append(seconds, int(at.Sub(begin).Round(time.Second)/time.Second))
	}
	return seconds
}

// TestRefunderPauses: what was left is tried at once, what is young is left to the request that booked it, and a provider that is away is
// asked less and less often; when it is back the refund is carried out, once.
func TestRefunderPauses(t *testing.T) {
	for name, c := range map[string]struct {
		hangs time.Duration
		left  bool // by a process before this one
		want  []int
	}{
		"left":  {0, true, []int{0, 5, 6, 8, 12, 20, 35, 50, 65}},
		"young": {0, false, []int{1, 7, 8, 10, 14, 22, 37, 52, 67}},
		"hangs": {4 * time.Second, true, []int{0, 5, 11, 19, 31, 50, 69}},
	} {
		t.Run(name, func(t *testing.T) {
			// The database is opened outside: gorm leaves goroutines behind.
			db, err := store.Open(t.Context(), store.Options{Kind: store.SQLite, Dir: t.TempDir(), Name: "payment", Migrations: migrations})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) { refunderPauses(t, db, c.hangs, c.left, c.want) })
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func refunderPauses(t *testing.T, db *store.Store, hangs time.Duration, left bool, want []int) {
	t.Helper()
	deps := process.Real("payment-1", nil, t.Output())
	deps.Log = slog.New(slog.DiscardHandler)
	b := &bank{}
	p := &Payment{db: db, out: outbox.New(shop.Payment, deps), deps: deps, provider: b}
	begin, o := time.Now(), Order{ID: "order", User: "user", Amount: shop.Euro(100), Token: "tok"}
	book := func() {
		if _, err := p.authorise(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		b.closed = true
		if _, err := p.refundOrder(t.Context(), o.ID); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	if left {
		book()
		time.Sleep(time.Second)
		begin, b.asked = time.Now(), nil
	}
	b.hangs = hangs
	go func() { done <- p.refunder().Run(ctx) }()
	if !left {
		time.Sleep(time.Second)
		book()
	}
	time.Sleep(time.Until(begin.Add(75 * time.Second)))
	b.mu.Lock()
	b.closed = false
	b.mu.Unlock()
	time.Sleep(longestPause + lookEvery)
	got := b.since(begin)
	if len(got) != len(want)+1 || !slices.Equal(got[:len(want)], want) {
		t.Errorf("asked after %v seconds, want %v and once when the provider is back", got, want)
	}
	if open, err := openRefunds(db.Read(t.Context()), store.Micros(time.Now())); err != nil || len(open) > 0 {
		t.Errorf("still open: %v (%v)", open, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
