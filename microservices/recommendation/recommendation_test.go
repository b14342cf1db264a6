package recommendation

import (
	"encoding/json"
	"errors"
	"figlab/api/internalapi"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestSuggests: what was bought together comes first, then what goes with the shopper's own purchases, then what is popular; nobody is
// shown what they are looking at.
func TestSuggests(t *testing.T) {
	s := newStand(t)
	if got := s.suggests(t, 0, 1, 3); got != "" {
		t.Errorf("of nothing it suggests %s", got)
	}
	s.tell(t, "", s.order(t, 1, 1, "confirmed", 1, 2), s.order(t, 2, 2, "confirmed", 1, 2, 3, 3), s.order(t, 3, 3, "confirmed", 4),
		s.order(t, 4, 3, "confirmed", 4), s.order(t, 5, 4, "confirmed", 4))
	s.settled(t)
	for _, c := range []struct {
		who, about, limit int
		want              string
	}{
		{0, 1, 10, "2 bought_together×2, 3 bought_together×1, 4 popular×3"},
		{0, 0, 10, "4 popular×3, 1 popular×2, 2 popular×2, 3 popular×1"},
		{0, 4, 10, "1 popular×2, 2 popular×2, 3 popular×1"},
		{0, 4, 1, "1 popular×2"},
		{0, 9, 2, "4 popular×3, 1 popular×2"},
		{0, 1, 1, "2 bought_together×2"},
		{1, 0, 10, "1 own_history×2, 2 own_history×2, 3 own_history×2, 4 popular×3"},
		{1, 3, 10, "1 bought_together×1, 2 bought_together×1, 4 popular×3"},
		{3, 0, 10, "4 popular×3, 1 popular×2, 2 popular×2, 3 popular×1"},
	} {
		if got := s.suggests(t, c.who, c.about, c.limit); got != c.want {
			t.Errorf("user %d looking at %d is told %s, want %s", c.who, c.about, got, c.want)
		}
	}
}

// TestOnce: an order counts once, however often and in whatever order it is told of, and only when it is confirmed.
func TestOnce(t *testing.T) {
	s := newStand(t)
	first := s.order(t, 1, 1, "confirmed", 1, 2)
	s.tell(t, "", s.order(t, 1, 1, "delivered", 1, 2), s.order(t, 1, 1, "shipped", 1, 2), first, s.order(t, 1, 1, "pending", 1, 2))
	s.tell(t, "-again", first)
	s.tell(t, "", s.order(t, 1, 1, "confirmed", 1, 2), s.order(t, 2, 1, "pending", 1, 5), s.order(t, 3, 1, "rejected", 1, 6))
	s.settled(t)
	if got := s.suggests(t, 0, 1, 10); got != "2 bought_together×1" {
		t.Errorf("it suggests %s", got)
	}
	s.stop()
	s.tell(t, "", s.order(t, 4, 1, "confirmed", 1, 7))
	s.host, s.stop = s.replica(t, "recommendation-1")
	s.settled(t)
	if got := s.suggests(t, 0, 1, 10); got != "2 bought_together×1, 7 bought_together×1" {
		t.Errorf("after it was away it suggests %s", got)
	}
}

// TestReplicas: two on one database share the events, and lose and double none.
func TestReplicas(t *testing.T) { replicas(t, newStand(t)) }

// TestReplicasOnPostgres is the same where both write at once.
func TestReplicasOnPostgres(t *testing.T) {
	dsn := database(t)
	replicas(t, newStand(t, func(c *host.Config) { c.Store, c.DSN = "postgres", dsn }))
	turns(t, dsn)
}

// turns: of two batches that count the same products in another order, the second waits for the first; neither is broken off.
func turns(t *testing.T, dsn string) {
	t.Helper()
	var tries atomic.Int64
	begun := make(chan struct{})
	batch := func(first, second int, between func()) error {
		db, err := store.Open(t.Context(), store.Options{Kind: store.Postgres, DSN: dsn, Migrations: migrations})
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		return db.Write(t.Context(), func(tx *store.Tx) error {
			tries.Add(1)
			buyer := shop.UserID(user(first))
			if err := count(tx, shop.OrderID(id(5, first)), buyer, []shop.ProductID{shop.ProductID(product(first))}); err != nil {
				return err
			}
			between()
			return count(tx, shop.OrderID(id(6, second)), buyer, []shop.ProductID{shop.ProductID(product(second))})
		})
	}
	done := make(chan error, 2)
	go func() {
		done <- batch(51, 52, sync.OnceFunc(func() {
			close(begun)
			time.Sleep(300 * time.Millisecond) // the other one shall be under way
		}))
	}()
	<-begun
	go func() { done <- batch(52, 51, func() {}) }()
	if err := errors.Join(<-done, <-done); err != nil || tries.Load() != 2 {
		t.Errorf("two batches took %d tries (%v)", tries.Load(), err)
	}
}

func replicas(t *testing.T, s *stand) {
	t.Helper()
	s.replica(t, "recommendation-2")
	const orders = 300
	var all []internalapi.Event
	for i := range orders {
		n := i + 1
		if i%2 == 0 {
			all = append(all, s.order(t, n, n%7, "confirmed", 1, 2, 3))
		} else {
			all = append(all, s.order(t, n, n%7, "confirmed", 3, 2, 1))
		}
	}
	s.tell(t, "", all...)
	s.tell(t, "-again", all...)
	s.settled(t)
	if got, want := s.suggests(t, 0, 1, 10), "2 bought_together×300, 3 bought_together×300"; got != want {
		t.Errorf("it suggests %s, want %s", got, want)
	}
	var letters internalapi.DeadLetters
	if s.get(t, "http://"+s.host.AdminAddr()+"/dead-letters", "test", &letters); len(letters.Items) > 0 {
		t.Errorf("%d are dead, the first because of %s", len(letters.Items), letters.Items[0].Reason)
	}
}

// TestMalformed: what cannot be counted is a dead letter, and takes nothing else along.
func TestMalformed(t *testing.T) {
	s := newStand(t)
	wrong := func(n int, change func(*internalapi.Event)) internalapi.Event {
		e := s.order(t, n, 1, "confirmed", 1, 8)
		change(&e)
		return e
	}
	bad := []internalapi.Event{
		wrong(1, func(e *internalapi.Event) { e.Data = json.RawMessage(`[]`) }),
		wrong(2, func(e *internalapi.Event) { e.Key = id(3, 99) }),
		wrong(3, func(e *internalapi.Event) { e.UserId = nil }),
		wrong(4, func(e *internalapi.Event) { e.Schema = 2 }),
		wrong(5, func(e *internalapi.Event) {
			e.Data = json.RawMessage(strings.ReplaceAll(string(e.Data), product(8), "8"))
		}),
		s.order(t, 6, 1, "confirmed"),
	}
	s.tell(t, "", append(bad, s.order(t, 7, 1, "confirmed", 1, 2))...)
	s.settled(t)
	var letters internalapi.DeadLetters
	s.get(t, "http://"+s.host.AdminAddr()+"/dead-letters", "test", &letters)
	if len(letters.Items) != len(bad) {
		t.Errorf("%d are dead, want %d: %+v", len(letters.Items), len(bad), letters.Items)
	}
	if got := s.suggests(t, 0, 1, 10); got != "2 bought_together×1" {
		t.Errorf("it suggests %s", got)
	}
}

// TestStrangers: within a second they are told the same, a shopper who is known is told what is so.
func TestStrangers(t *testing.T) {
	s := newStand(t)
	s.tell(t, "", s.order(t, 1, 1, "confirmed", 1, 2))
	s.settled(t)
	d := deps(t, "recommendation-2")
	var late atomic.Bool
	now := time.Now()
	d.Now = func() time.Time {
		if late.Load() {
			return now.Add(keptFor)
		}
		return now
	}
	s.stop()
	h, err := New(t.Context(), s.cfg, d)
	if err != nil {
		t.Fatal(err)
	}
	s.host = h
	run(t, h.Run)
	const before, after = "2 bought_together×1", "2 bought_together×2"
	first := s.suggests(t, 0, 1, 10)
	s.tell(t, "", s.order(t, 2, 2, "confirmed", 1, 2))
	s.settled(t)
	if again := s.suggests(t, 0, 1, 10); first != before || again != before {
		t.Errorf("strangers are told %s, then %s", first, again)
	}
	if got := s.suggests(t, 3, 1, 10); got != after {
		t.Errorf("who is known is told %s", got)
	}
	if got := s.suggests(t, 0, 1, 9); got != after {
		t.Errorf("who asks something else is told %s", got)
	}
	late.Store(true)
	if got := s.suggests(t, 0, 1, 10); got != after {
		t.Errorf("a second later strangers are told %s", got)
	}
	var calls internalapi.CallReport
	if s.get(t, "http://"+h.AdminAddr()+"/calls", "test", &calls); calls.Cache == nil || calls.Cache.Hits != 1 {
		t.Errorf("the cache says %+v", calls.Cache)
	}
}
