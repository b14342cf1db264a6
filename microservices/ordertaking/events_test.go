package ordertaking_test

import (
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"slices"
	"testing"
	"time"
)

func (s *stand) changed(t *testing.T, o shopapi.Order, version int64, change func(*shopapi.Order)) internalapi.Event {
	t.Helper()
	key := o.Id
	o.Version, o.UpdatedAt = version, o.CreatedAt.Add(time.Duration(version)*time.Second)
	change(&o)
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return internalapi.Event{
		Id: s.ids.New(), Capability: "orderprocessing", Type: "order-changed", Schema: 1, Key: key, Version: version, Origin: "app",
		OccurredAt: time.Now(), Data: b,
	}
}

// follows: the newest that was heard of an order is kept, in whatever order and however often it is heard.
func (s *stand) follows(t *testing.T) {
	t.Helper()
	who := s.shopper(t)
	var placed []shopapi.Order
	for _, key := range []string{"follow-one", "follow-two"} {
		s.town.fill(who, 1, "cup")
		placed = append(placed, s.place(t, 0, who, key, nil).order)
	}
	payment, shipment, reason := s.ids.New(), s.ids.New(), shopapi.PaymentDeclined
	pending := s.changed(t, placed[0], 1, func(*shopapi.Order) {})
	confirmed := s.changed(t, placed[0], 2, func(o *shopapi.Order) { o.State, o.PaymentId = shopapi.OrderStateConfirmed, &payment })
	shipped := s.changed(t, placed[0], 3, func(o *shopapi.Order) {
		o.State, o.PaymentId, o.ShipmentId = shopapi.OrderStateShipped, &payment, &shipment
	})
	rejected := s.changed(t, placed[1], 2, func(o *shopapi.Order) { o.State, o.Reason = shopapi.OrderStateRejected, &reason })
	unknown := s.changed(t, shopapi.Order{Id: s.ids.New()}, 2, func(*shopapi.Order) {})
	garbled := s.changed(t, placed[1], 9, func(o *shopapi.Order) { o.Id = placed[0].Id })
	s.publish(t, shipped, unknown, confirmed, shipped, garbled, pending, confirmed, rejected, rejected)
	until(t, "the news is kept", func() bool {
		orders := s.orders(t, who)
		return orders[0].State == shopapi.OrderStateRejected && orders[1].State == shopapi.OrderStateShipped
	})
	var dead internalapi.DeadLetters
	until(t, "what cannot be is put aside", func() bool {
		s.behind(t, "/dead-letters", &dead)
		return len(dead.Items) == 2
	})
	if got := []string{dead.Items[0].Id, dead.Items[1].Id}; !slices.ContainsFunc(dead.Items, func(d internalapi.DeadLetter) bool {
		return d.Consumer == "ordertaking" && d.Data != nil && json.Valid([]byte(*d.Data)) && d.Deliveries == 1
	}) {
		t.Errorf("put aside: %v", got)
	}
	var a internalapi.Audit
	until(t, "all is handled", func() bool {
		a = internalapi.Audit{}
		s.behind(t, "/audit", &a)
		return a.Work.EventsUnconsumed == 0
	})
	orders := s.orders(t, who)
	one, two := orders[1], orders[0]
	if one.State != shopapi.OrderStateShipped || one.Version != 3 || one.PaymentId == nil || *one.PaymentId != payment ||
		one.ShipmentId == nil || *one.ShipmentId != shipment || !one.UpdatedAt.Equal(placed[0].CreatedAt.Add(3*time.Second)) {
		t.Errorf("the first is %+v", one)
	}
	if two.State != shopapi.OrderStateRejected || two.Version != 2 || two.Reason == nil || *two.Reason != reason || two.PaymentId != nil {
		t.Errorf("the second is %+v", two)
	}
	if one.Total != placed[0].Total || len(one.Lines) != 1 {
		t.Errorf("what was bought has become %+v", one)
	}
	open := 0
	for _, o := range a.Orders {
		if o.State == string(shopapi.OrderStatePending) {
			open++
		}
	}
	if a.Work.OrdersPending != int64(open) || len(a.Orders) != open+2 || open == 0 {
		t.Errorf("the audit has %d orders, %d of them pending, and says %d", len(a.Orders), open, a.Work.OrdersPending)
	}
}

func TestFollows(t *testing.T) {
	s := newStand(t, 2)
	s.follows(t)
}
