package logistics_test

import (
	"bytes"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/api/token"
	"figlab/internal/bus"
	"figlab/internal/process"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"
)

// call asks a door, and returns the status and the code of a refusal; a success is decoded into out.
func call(t *testing.T, method, url string, headers map[string]string, in, out any) (int, string) {
	t.Helper()
	var body io.Reader = http.NoBody
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			t.Error(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Error(err)
		return 0, err.Error()
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	if out != nil && resp.StatusCode < 300 {
		if err := json.Unmarshal(b, out); err != nil {
			t.Errorf("%s %s: %s: %v", method, url, b, err)
		}
	}
	return resp.StatusCode, code(resp.StatusCode, b)
}

const shopper = 500 // the user whose orders these are

// plan plans the shipment of an order by one of the replicas.
func (s *stand) plan(t *testing.T, replica, order int, service string) (p internalapi.PlannedShipment) {
	t.Helper()
	status, refusal := call(t, "POST", fmt.Sprintf("http://%s/internal/shipments/%s", s.hosts[replica].Addr(), id(order)),
		map[string]string{"X-Service-Token": s.tokens["orderprocessing"]}, internalapi.ShipmentOrder{
			UserId: id(shopper), Service: service, WeightGrams: 700,
			Address: internalapi.ParcelAddress{Line1: "Rua da Prata 1", City: "Lisboa", Postcode: "1100-414", Country: "PT"},
		}, &p)
	if status != 200 {
		t.Errorf("plan order %d: %d %s", order, status, refusal)
	}
	return p
}

// recall returns the state that a recall leads to, or the code of its refusal.
func (s *stand) recall(t *testing.T, replica, order int) string {
	t.Helper()
	var p internalapi.PlannedShipment
	_, refusal := call(t, "POST", fmt.Sprintf("http://%s/internal/shipments/%s/recall", s.hosts[replica].Addr(), id(order)),
		map[string]string{"X-Service-Token": s.tokens["orderprocessing"]}, nil, &p)
	return p.State + refusal
}

// says tells that an order is in a state. Each time it is news of its own.
func (s *stand) says(t *testing.T, order int, state shopapi.OrderState) {
	t.Helper()
	data, err := json.Marshal(shopapi.Order{Id: id(order), State: state, Version: 2})
	if err != nil {
		t.Fatal(err)
	}
	deps := process.Real("orderprocessing-1", nil, t.Output())
	e, err := json.Marshal(internalapi.Event{
		Id: deps.IDs.New(), Capability: "orderprocessing", Type: "order-changed", Schema: 1, Key: id(order), Version: 2,
		Origin: "app", OccurredAt: time.Now(), Data: data,
	})
	if err != nil {
		t.Fatal(err)
	}
	until(t, 5*time.Second, "the broker takes the news", func() bool {
		return s.bus.Publish(t.Context(), bus.Message{Subject: "shop.orderprocessing.order-changed", ID: deps.IDs.New(), Data: e}) == nil
	})
}

func (s *stand) get(t *testing.T, shipment string, user int) (out shopapi.Shipment, refusal string) {
	t.Helper()
	signed, err := s.issuer.Issue(token.Claims{User: id(user), Role: "customer"}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	_, refusal = call(t, "GET", "http://"+s.hosts[0].Addr()+"/shipments/"+shipment, map[string]string{"Authorization": "Bearer " + signed}, nil, &out)
	return out, refusal
}

// becomes waits until a shipment is in a state.
func (s *stand) becomes(t *testing.T, shipment, state string) (out shopapi.Shipment) {
	t.Helper()
	until(t, 5*time.Second, shipment+" is "+state, func() bool {
		out, _ = s.get(t, shipment, shopper)
		return string(out.State) == state
	})
	return out
}

func (s *stand) audited(t *testing.T) (a internalapi.Audit) {
	t.Helper()
	status, refusal := call(t, "GET", "http://"+s.hosts[len(s.hosts)-1].AdminAddr()+"/audit", map[string]string{"Authorization": "Bearer test"}, nil, &a)
	if status != 200 {
		t.Fatalf("audit: %d %s", status, refusal)
	}
	return a
}

// rests waits until nothing is left to do, and returns the state of each shipment.
func (s *stand) rests(t *testing.T) map[string]string {
	t.Helper()
	var a internalapi.Audit
	until(t, 10*time.Second, "nothing is left", func() bool {
		a = s.audited(t)
		return a.Work == internalapi.AuditWork{}
	})
	states := map[string]string{}
	for _, p := range a.Shipments {
		states[p.Id] = p.State
	}
	return states
}

func (s *stand) ledger(t *testing.T) (l internalapi.CarrierLedger) {
	t.Helper()
	if status, refusal := call(t, "GET", s.carrier+"/carrier/ledger", nil, nil, &l); status != 200 {
		t.Fatalf("ledger: %d %s", status, refusal)
	}
	return l
}

// TestAParcelGoesItsWay: planned once, due once its order is confirmed, booked, delivered; and each step is told with its shopper.
func TestAParcelGoesItsWay(t *testing.T) {
	s := newStand(t, 1)
	p := s.plan(t, 0, 1, "express")
	if again := s.plan(t, 0, 1, "express"); again != p || p.State != "pending" {
		t.Errorf("planned as %+v, and again as %+v", p, again)
	}
	s.says(t, 1, shopapi.OrderStatePending)
	time.Sleep(700 * time.Millisecond) // the dispatcher has looked by then
	if got, refusal := s.get(t, p.ShipmentId, shopper); got.State != "pending" || got.CarrierReference != nil {
		t.Fatalf("before its order is confirmed it is %+v %s", got, refusal)
	}
	s.says(t, 1, shopapi.OrderStateConfirmed)
	s.says(t, 1, shopapi.OrderStateConfirmed)
	got := s.becomes(t, p.ShipmentId, "delivered")
	if got.CarrierReference == nil || got.Address.City != "Lisboa" || got.WeightGrams != 700 || got.OrderId != id(1) || got.Service != "express" {
		t.Errorf("delivered as %+v", got)
	}
	if _, refusal := s.get(t, p.ShipmentId, shopper+1); refusal != "shipment-not-found" {
		t.Errorf("somebody else's shipment: %q", refusal)
	}
	s.rests(t)
	until(t, 5*time.Second, "three changes told", func() bool { return len(s.heard("shipment-changed")) == 3 })
	for i, e := range s.heard("shipment-changed") {
		var told shopapi.Shipment
		if err := json.Unmarshal(e.Data, &told); err != nil {
			t.Fatal(err)
		}
		state := []string{"pending", "booked", "delivered"}[i]
		if e.Key != p.ShipmentId || e.Version != int64(i+1) || e.UserId == nil || *e.UserId != id(shopper) || string(told.State) != state {
			t.Errorf("event %d: %+v with %+v", i, e, told)
		}
	}
	if booked := s.desk.asked(); len(booked) != 1 || booked[0].Key != p.ShipmentId || booked[0].Country != "PT" || booked[0].Service != "express" {
		t.Errorf("the carrier was asked for %+v", booked)
	}
}

// TestWoken: a parcel goes when it is due, not at the dispatcher's next look. Each round begins soon after a look, so that without being
// woken it would take most of half a second; the best of some says so on a busy machine too.
func TestWoken(t *testing.T) {
	s := newStand(t, 1)
	best := time.Minute
	for order := range 5 {
		p := s.plan(t, 0, order, "standard")
		began := time.Now()
		s.says(t, order, shopapi.OrderStateConfirmed)
		s.becomes(t, p.ShipmentId, "delivered")
		if order > 0 {
			best = min(best, time.Since(began))
		}
	}
	if best > 300*time.Millisecond {
		t.Errorf("the fastest of four took %s", best)
	}
}

// TestRecall: until it is claimed a parcel can be called back, as often as one likes; then no more, whatever came in between.
func TestRecall(t *testing.T) {
	s := newStand(t, 1)
	if got := s.recall(t, 0, 1); got != "shipment-not-found" {
		t.Errorf("recalled though unknown: %q", got)
	}
	first := s.plan(t, 0, 1, "standard")
	for range 2 {
		if got := s.recall(t, 0, 1); got != "cancelled" {
			t.Errorf("recalled: %q", got)
		}
	}
	s.says(t, 1, shopapi.OrderStateConfirmed) // these news were late
	if again := s.plan(t, 0, 1, "standard"); again.State != "cancelled" || again.ShipmentId != first.ShipmentId {
		t.Errorf("planned again: %+v", again)
	}
	second := s.plan(t, 0, 2, "standard")
	s.says(t, 2, shopapi.OrderStateConfirmed)
	s.becomes(t, second.ShipmentId, "delivered")
	if got := s.recall(t, 0, 2); got != "order-not-cancellable" {
		t.Errorf("recalled after delivery: %q", got)
	}
	if states := s.rests(t); states[first.ShipmentId] != "cancelled" || states[second.ShipmentId] != "delivered" {
		t.Errorf("in the end: %v", states)
	}
	if booked := s.desk.asked(); len(booked) != 1 || booked[0].Key != second.ShipmentId {
		t.Errorf("the carrier was asked for %+v", booked)
	}
}

// TestLostAnswers: the carrier takes a parcel, and nobody hears of it: from then on it cannot be called back, and it is asked for again under
// the same key. The news of its delivery, which come first, wait, and others are not kept from theirs for good.
func TestLostAnswers(t *testing.T) {
	s := newStand(t, 1)
	s.desk.set(4, "")
	p := s.plan(t, 0, 1, "standard")
	s.says(t, 1, shopapi.OrderStateConfirmed)
	until(t, 5*time.Second, "the carrier was asked", func() bool { return len(s.desk.asked()) > 0 })
	if got := s.recall(t, 0, 1); got != "order-not-cancellable" {
		t.Errorf("recalled while the carrier may know of it: %q", got)
	}
	other := s.plan(t, 0, 2, "standard")
	s.says(t, 2, shopapi.OrderStateConfirmed)
	s.becomes(t, p.ShipmentId, "delivered")
	s.becomes(t, other.ShipmentId, "delivered")
	s.rests(t)
	if l := s.ledger(t); len(l.Parcels) != 2 || l.Replays == 0 {
		t.Errorf("the carrier has %+v", l)
	}
}

// TestRefused: a parcel that the carrier will not take waits, and does not stand in the way of the others.
func TestRefused(t *testing.T) {
	s := newStand(t, 1)
	s.desk.set(0, "standard")
	bad, good := s.plan(t, 0, 1, "standard"), s.plan(t, 0, 2, "express")
	s.says(t, 1, shopapi.OrderStateConfirmed)
	s.says(t, 2, shopapi.OrderStateConfirmed)
	s.becomes(t, good.ShipmentId, "delivered")
	time.Sleep(600 * time.Millisecond) // another look
	n := 0
	for _, p := range s.desk.asked() {
		if p.Key == bad.ShipmentId {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the carrier was asked %d times for what it had refused", n)
	}
	if got, _ := s.get(t, bad.ShipmentId, shopper); got.State != "pending" {
		t.Errorf("what was refused is %s", got.State)
	}
	if a := s.audited(t); a.Work.ShipmentsPending != 1 {
		t.Errorf("%d shipments wait, want 1", a.Work.ShipmentsPending)
	}
}

// TestTwoReplicas on each of the databases: whoever is asked and whoever dies, an order has one shipment and a shipment one parcel.
func TestTwoReplicas(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { replicas(t, newStand(t, 0)) })
	t.Run("postgres", func(t *testing.T) { replicas(t, postgresStand(t, 0)) })
}

func replicas(t *testing.T, s *stand) {
	t.Helper()
	kill := s.start(t)
	s.start(t)
	const orders = 30
	var mu sync.Mutex
	planned := map[int]map[string]bool{}
	together(4*orders, func(i int) {
		p := s.plan(t, i%2, i/4, "standard")
		mu.Lock()
		defer mu.Unlock()
		if planned[i/4] == nil {
			planned[i/4] = map[string]bool{}
		}
		planned[i/4][p.ShipmentId] = true
	})
	for order, ids := range planned {
		if len(ids) != 1 {
			t.Errorf("order %d has %d shipments", order, len(ids))
		}
	}
	for order := range orders {
		s.says(t, order, shopapi.OrderStateConfirmed)
	}
	answers := map[int]string{}
	together(10, func(order int) { // some are called back just when they are due
		got := s.recall(t, 1, order)
		mu.Lock()
		defer mu.Unlock()
		answers[order] = got
	})
	kill()
	states := s.rests(t)
	cancelled := 0
	for order, ids := range planned {
		for shipment := range ids {
			want := "delivered"
			if answers[order] == "cancelled" {
				want = "cancelled"
				cancelled++
			}
			if states[shipment] != want {
				t.Errorf("order %d: the recall was answered %q, and it is %s", order, answers[order], states[shipment])
			}
		}
	}
	if l := s.ledger(t); len(l.Parcels) != orders-cancelled {
		t.Errorf("the carrier has %d parcels, %d of %d orders were called back", len(l.Parcels), cancelled, orders)
	}
}

// together runs n of something at once.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// TestNobodyPlanned: news of an order that has no shipment are kept for somebody to look at, and keep nothing else.
func TestNobodyPlanned(t *testing.T) {
	s := newStand(t, 1)
	s.says(t, 7, shopapi.OrderStateConfirmed)
	p := s.plan(t, 0, 1, "standard")
	s.says(t, 1, shopapi.OrderStateConfirmed)
	s.becomes(t, p.ShipmentId, "delivered")
	if a := s.audited(t); a.Work.EventsUnconsumed != 1 {
		t.Errorf("%d events wait, want 1", a.Work.EventsUnconsumed)
	}
}

// TestQuotes: what the rules say, for anybody.
func TestQuotes(t *testing.T) {
	s := newStand(t, 1)
	var q shopapi.QuoteList
	status, refusal := call(t, "GET", "http://"+s.hosts[0].Addr()+"/shipping/quotes?country=PT&weight=1", nil, nil, &q)
	if status != 200 || len(q.Items) != 2 || q.Items[0].Service != "standard" || q.Items[0].Price.Amount != 330 {
		t.Errorf("%d %s: %+v", status, refusal, q)
	}
}

// TestWhoMayAsk: shipments are order processing's business.
func TestWhoMayAsk(t *testing.T) {
	s := newStand(t, 1)
	s.plan(t, 0, 1, "standard")
	for who, want := range map[string]int{"orderprocessing": 200, "cart": 403, "nobody": 401} {
		url := fmt.Sprintf("http://%s/internal/shipments/%s/recall", s.hosts[0].Addr(), id(1))
		if status, _ := call(t, "POST", url, map[string]string{"X-Service-Token": s.tokens[who]}, nil, nil); status != want {
			t.Errorf("%s recalls: %d, want %d", who, status, want)
		}
	}
	if status, _ := call(t, "GET", "http://"+s.hosts[0].Addr()+"/shipments/"+id(1), nil, nil, nil); status != 401 {
		t.Errorf("a stranger looks at a shipment: %d", status)
	}
}
