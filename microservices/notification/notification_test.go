package notification_test

import (
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/internal/engine/postgres"
	"figlab/microservices/platform/host"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	rules "figlab/shop/notification"
)

// TestMessages: what a shopper is told, in which words, and that nobody else is.
func TestMessages(t *testing.T) {
	s := newStand(t, 1)
	ada, bob := s.ids.New(), s.ids.New()
	order, rejected, refund := s.ids.New(), s.ids.New(), s.ids.New()
	for n, e := range []internalapi.Event{
		s.order(order, ada, shopapi.OrderStatePending, 1), s.order(order, ada, shopapi.OrderStateConfirmed, 2),
		s.order(order, ada, shopapi.OrderStateShipped, 3), s.order(order, ada, shopapi.OrderStateDelivered, 4),
		s.order(rejected, bob, shopapi.OrderStateRejected, 2), s.order(s.ids.New(), bob, shopapi.OrderStateCancelled, 3),
		s.refund(refund, order, ada), s.refund(s.ids.New(), order, ada),
	} {
		s.publish(t, e)
		s.settle(t, n) // the first one is about nothing
	}
	list := s.list(t, 0, ada)
	want := []rules.Kind{rules.PaymentRefunded, rules.PaymentRefunded, rules.OrderDelivered, rules.OrderShipped, rules.OrderConfirmed}
	if len(list) != len(want) {
		t.Fatalf("ada has %+v", list)
	}
	for i, n := range list {
		if rules.Kind(n.Kind) != want[i] || n.OrderId == nil || *n.OrderId != order || n.ReadAt != nil || time.Since(n.CreatedAt) > time.Minute {
			t.Errorf("message %d is %+v, want %s", i, n, want[i])
		}
	}
	for i, money := range map[int]string{0: "12.34 EUR", 4: "47.11 EUR"} {
		if n := list[i]; n.Subject == "" || !strings.Contains(n.Body, money) || !strings.Contains(n.Body, order[len(order)-8:]) {
			t.Errorf("%s says %q", n.Kind, n.Body)
		}
	}
	if list := s.list(t, 0, bob); len(list) != 2 || list[1].Kind != shopapi.OrderRejected || list[0].Kind != shopapi.OrderCancelled {
		t.Errorf("bob has %+v", list)
	}
	a := s.settle(t, 7)
	if len(a.Notifications) != 7 {
		t.Errorf("the audit knows %+v", a.Notifications)
	}
	if n := a.Notifications[4]; n.UserId != bob && n.Cause != rejected || n.Kind == "" || n.Id == "" {
		t.Errorf("the audit says %+v", n)
	}
	causes := map[string]int{}
	for _, n := range a.Notifications {
		causes[n.Cause]++
	}
	if causes[order] != 3 || causes[refund] != 1 || causes[rejected] != 1 {
		t.Errorf("the causes are %v", causes)
	}
	s.doors(t, ada, bob, list[4].Id)
}

func (s *stand) list(t *testing.T, replica int, user string) (all []shopapi.Notification) {
	t.Helper()
	for path := "/notifications?limit=2"; path != ""; {
		var page shopapi.NotificationPage
		if status := s.at(t, replica, user, "GET", path, &page); status != 200 || len(page.Items) > 2 {
			t.Fatalf("GET %s: %d %+v", path, status, page)
		}
		all, path = append(all, page.Items...), ""
		if page.Next != nil {
			path = "/notifications?limit=2&after=" + *page.Next
		}
	}
	return all
}

// doors: who may read which message, and that the first time counts.
func (s *stand) doors(t *testing.T, ada, bob, id string) {
	t.Helper()
	var first, second shopapi.Notification
	if status := s.at(t, 0, ada, "POST", "/notifications/"+id+"/read", &first); status != 200 || first.ReadAt == nil {
		t.Fatalf("read: %d %+v", status, first)
	}
	time.Sleep(time.Millisecond)
	if status := s.at(t, 0, ada, "POST", "/notifications/"+id+"/read", &second); status != 200 || !second.ReadAt.Equal(*first.ReadAt) {
		t.Errorf("read again: %d %+v, before %v", status, second, first.ReadAt)
	}
	if list := s.list(t, 0, ada); list[4].ReadAt == nil || list[3].ReadAt != nil {
		t.Errorf("marked %+v", list)
	}
	for what, status := range map[string]int{
		"somebody else's": s.at(t, 0, bob, "POST", "/notifications/"+id+"/read", nil) - 404,
		"unknown":         s.at(t, 0, ada, "POST", "/notifications/"+s.ids.New()+"/read", nil) - 404,
		"a bad cursor":    s.at(t, 0, ada, "GET", "/notifications?after=x", nil) - 400,
		"no token":        s.at(t, 0, "", "GET", "/notifications", nil) - 401,
	} {
		if status != 0 {
			t.Errorf("%s: %d off", what, status)
		}
	}
}

// TestOnce: events that come twice, again under another id, in any order, and at two replicas: each message is there once and told of once.
func TestOnce(t *testing.T) { once(t, newStand(t, 2)) }

// TestOnceOnPostgres is the same on the other store.
func TestOnceOnPostgres(t *testing.T) {
	dsn := database(t)
	once(t, newStand(t, 2, func(c *host.Config) { c.Store, c.DSN = "postgres", dsn }))
}

func once(t *testing.T, s *stand) {
	t.Helper()
	user, want := s.ids.New(), map[string]int{}
	var events []internalapi.Event
	for range 20 {
		id := s.ids.New()
		path := []shopapi.OrderState{
			shopapi.OrderStatePending, shopapi.OrderStateConfirmed, shopapi.OrderStateShipped, shopapi.OrderStateDelivered,
		}
		for v, state := range path {
			one, other := s.order(id, user, state, int64(v+1)), s.order(id, user, state, int64(v+1))
			events = append(events, one, one, other)
			if v > 0 {
				want[user+" order_"+string(state)+" "+id] = 1
			}
		}
		r := s.refund(s.ids.New(), id, user)
		events = append(events, r, r)
		r.Id = s.ids.New()
		events = append(events, r)
		want[user+" payment_refunded "+id] = 1
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	for len(events) > 0 {
		n := min(37, len(events))
		s.publish(t, events[:n]...)
		events = events[n:]
	}
	a := s.settle(t, len(want))
	got := map[string]int{}
	for i := range s.replicas {
		for _, n := range s.list(t, i, user) {
			got[user+" "+string(n.Kind)+" "+*n.OrderId]++
		}
		if !maps.Equal(got, want) {
			t.Errorf("replica %d shows %d messages of %d: %v", i, len(got), len(want), got)
		}
		clear(got)
	}
	if len(a.Notifications) != len(want) {
		t.Errorf("the audit knows %d messages, want %d", len(a.Notifications), len(want))
	}
	if dead := s.dead(t); len(dead) > 0 {
		t.Errorf("a duplicate is a dead letter: %+v", dead[0])
	}
	for end := time.Now().Add(5 * time.Second); !maps.Equal(s.heard(), want) && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if told := s.heard(); !maps.Equal(told, want) {
		t.Errorf("told of %d messages of %d: %v", len(told), len(want), told)
	}
}

// TestPoison: what can never be a message is a dead letter at once, and holds nothing up.
func TestPoison(t *testing.T) {
	s := newStand(t, 1)
	user, order := s.ids.New(), s.ids.New()
	changed := func(change func(*internalapi.Event)) internalapi.Event {
		e := s.order(order, user, shopapi.OrderStateConfirmed, 2)
		change(&e)
		return e
	}
	bad := []internalapi.Event{
		changed(func(e *internalapi.Event) { e.UserId = nil }),
		changed(func(e *internalapi.Event) { e.Schema = 2 }),
		changed(func(e *internalapi.Event) { e.Data = json.RawMessage(`[]`) }),
		changed(func(e *internalapi.Event) { e.Key = s.ids.New() }),
		s.order(order, user, "lost", 2),
		s.refund("", order, user),
		s.event("payment", "payment-refunded", order, user, 1, 7),
	}
	s.publish(t, append(bad, s.order(order, user, shopapi.OrderStateConfirmed, 2))...)
	s.settle(t, 1)
	if list := s.list(t, 0, user); len(list) != 1 {
		t.Errorf("there are %+v", list)
	}
	dead := s.dead(t)
	if len(dead) != len(bad) {
		t.Errorf("%d dead letters of %d: %+v", len(dead), len(bad), dead)
	}
	for _, l := range dead {
		if l.Deliveries != 1 || l.Consumer != "notification" {
			t.Errorf("died after %d deliveries at %s: %s", l.Deliveries, l.Consumer, l.Reason)
		}
	}
}

func (s *stand) dead(t *testing.T) []internalapi.DeadLetter {
	t.Helper()
	var dead internalapi.DeadLetters
	if status := call(t, "GET", "http://"+s.replicas[0].AdminAddr()+"/dead-letters", "test", &dead); status != 200 {
		t.Errorf("dead letters: %d", status)
	}
	return dead.Items
}

// database returns a fresh Postgres database, or skips the test with the reason why there is none.
func database(t *testing.T) string {
	t.Helper()
	if err := postgres.Find(); err != nil {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "figlab-pg-*") //nolint:usetesting // the parent of t.TempDir is closed to the user the server runs as
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c, err := postgres.Start(t.Context(), postgres.Options{Dir: filepath.Join(dir, "data"), Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := c.Create(t.Context(), "notification"); err != nil {
		t.Fatal(err)
	}
	return c.DSN("notification")
}
