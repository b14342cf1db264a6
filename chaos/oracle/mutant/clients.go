package mutant

import (
	"cmp"
	"figlab/chaos/oracle"
	"figlab/internal/history"
	kernel "figlab/shop"
	"fmt"
	"net/http"
	"slices"
	"strings"

	processing "figlab/shop/orderprocessing"
	stocks "figlab/shop/warehouse"
)

func euro(amount int64) kernel.Money { return kernel.Euro(amount) }

// A fate is what becomes of one attempt at a write.
type fate int

const (
	answered fate = iota // applied, and the client knows
	refused              // not applied, and the client knows
	lost                 // not applied: the request never arrived
	deaf                 // applied: the answer never arrived
)

func (f fate) applies() bool { return f == answered || f == deaf }

func (f fate) outcome() history.Outcome {
	switch f {
	case answered:
		return history.OK
	case refused:
		return history.Fail
	default:
		return history.Unknown
	}
}

// Clean returns a history and the facts of a shop without a fault. Every seed holds every kind of attempt.
func Clean(seed uint64) oracle.Case { return simulate(seed).Case }

func simulate(seed uint64) *shop {
	s := open(seed)
	script := s.script()
	s.rng.Shuffle(len(script), func(i, k int) { script[i], script[k] = script[k], script[i] })
	for _, step := range script {
		step()
	}
	for i := range s.Facts.Orders {
		s.deliver(&s.Facts.Orders[i])
	}
	for range 4 {
		s.read(s.some(func(o *history.Order) bool { return o.State == string(processing.Delivered) }))
	}
	return s
}

// script lists what the clients do, before it is shuffled.
func (s *shop) script() (steps []func()) {
	times := func(n int, step func()) {
		for range n {
			steps = append(steps, step)
		}
	}
	times(12, func() { s.buy(basket{}, answered) })
	times(2, func() { s.buy(basket{slow: true}, answered) })
	times(2, func() { s.buy(basket{declined: true}, answered) })
	times(2, func() { s.buy(basket{scarce: true}, answered) })
	times(2, func() { s.buy(basket{}, answered, answered) })
	times(2, func() { s.buy(basket{}, deaf, answered) })
	times(1, func() { s.buy(basket{}, lost, answered) })
	times(1, func() { s.buy(basket{}, lost, deaf) })
	times(3, func() { s.buy(basket{}, deaf) })
	times(1, func() { s.buy(basket{declined: true}, deaf) })
	times(2, func() { s.buy(basket{}, lost) })
	times(3, func() { s.buy(basket{}, refused) })
	for f, n := range []int{answered: 3, refused: 1, lost: 1, deaf: 1} {
		times(n, func() { s.callOff(fate(f)) })
		times(n, func() { s.askBack(fate(f)) })
		times(n, func() { s.receive(fate(f)) })
		times(n, func() { s.register(fate(f)) })
	}
	times(1, func() { s.receive(deaf, answered) })
	times(1, func() { s.receive(lost, answered) })
	times(10, func() { s.read(s.some(func(*history.Order) bool { return true })) })
	times(12, func() { s.advance(s.some(func(*history.Order) bool { return true })) })
	return steps
}

// record stamps an attempt and keeps it.
func (s *shop) record(f fate, r history.Record) {
	s.clock += 1 + s.rng.Int64N(1_000_000)
	r.Outcome, r.Wrote, r.Attempts, r.Stage, r.Phase = f.outcome(), true, 1, "00", "steady"
	r.Scheduled, r.Call, r.Return = s.clock, s.clock, s.clock+1+s.rng.Int64N(1_000_000)
	r.Client = cmp.Or(r.Client, r.User)
	switch f {
	case answered:
		r.Status = http.StatusOK
	case refused:
		r.Status = http.StatusConflict
	case lost, deaf:
		r.Error = "connection reset by peer"
	}
	s.History = append(s.History, r)
}

// tells fills in what an answer says about an order.
func tells(r history.Record, o *history.Order) history.Record {
	r.Order, r.State, r.Total, r.Lines = o.ID, o.State, o.Total, slices.Clone(o.Lines)
	return r
}

// some returns an order that fits; there always is one, at worst a new one.
func (s *shop) some(fits func(*history.Order) bool) *history.Order {
	var found []int
	for i := range s.Facts.Orders {
		if fits(&s.Facts.Orders[i]) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		s.buy(basket{}, answered)
		return &s.Facts.Orders[len(s.Facts.Orders)-1]
	}
	return &s.Facts.Orders[found[s.rng.IntN(len(found))]]
}

// shopper returns the id and the e-mail address of one of five.
func (s *shop) shopper() (id, mail string) {
	id = fmt.Sprintf("user-%d", s.rng.IntN(5))
	return id, email(id)
}

func email(userID string) string {
	return "shopper" + strings.TrimPrefix(userID, "user") + "@example.com"
}

func userID(email string) string {
	return "user" + strings.TrimSuffix(strings.TrimPrefix(email, "shopper"), "@example.com")
}

// A basket is what is special about a checkout.
type basket struct {
	declined bool // the card is
	slow     bool // the provider is: the answer says pending
	scarce   bool // more of the scarce product than there is
}

func (s *shop) lines(b basket) (lines []history.Line) {
	for _, i := range s.rng.Perm(products - 1)[:1+s.rng.IntN(3)] {
		lines = append(lines, history.Line{
			Product: s.Facts.Stock[i].Product, Quantity: 1 + s.rng.Int64N(4), UnitPrice: int64(100 + 37*i),
		})
	}
	if b.scarce {
		lines = append(lines, history.Line{Product: s.Facts.Stock[products-1].Product, Quantity: 4, UnitPrice: 999})
	}
	return lines
}

// buy places one order, with an attempt for each fate.
func (s *shop) buy(b basket, fates ...fate) {
	id, mail := s.shopper()
	key, placed := s.id("checkout"), ""
	for _, f := range fates {
		r := history.Record{Op: "placeOrder", User: mail, Key: key}
		if f.applies() && placed == "" {
			placed = s.place(id, key, s.lines(b), !b.declined).ID
		} else if placed != "" {
			r.Replayed = f == answered
		}
		if f == answered {
			if r = tells(r, s.order(placed)); b.slow {
				r.State = string(processing.Pending)
				s.charge(s.payment(placed).ID).Requests++
			}
		}
		s.record(f, r)
	}
}

func (s *shop) read(o *history.Order) {
	s.record(answered, tells(history.Record{Op: "getOrder", User: email(o.User)}, o))
}

func (s *shop) callOff(f fate) {
	o := s.some(func(o *history.Order) bool { return o.State == string(processing.Confirmed) })
	r := history.Record{Op: "cancelOrder", User: email(o.User), Order: o.ID}
	if f.applies() {
		s.cancel(o)
	}
	if f == answered {
		r = tells(r, o)
	}
	s.record(f, r)
}

// askBack has an administrator give some of an order's money back.
func (s *shop) askBack(f fate) {
	o := s.some(func(o *history.Order) bool {
		p := s.payment(o.ID)
		return o.State != string(processing.Rejected) && p.Amount-p.Refunded > 10
	})
	p := s.payment(o.ID)
	amount := 1 + s.rng.Int64N((p.Amount-p.Refunded)/2)
	if f.applies() {
		s.giveBack(o, amount)
	}
	s.record(f, history.Record{
		Op: "refundPayment", User: "admin@example.com", Key: s.id("refund-key"), Order: o.ID, Total: amount,
	})
}

func (s *shop) receive(fates ...fate) {
	product, quantity, key, done := s.Facts.Stock[s.rng.IntN(products-1)].Product, 1+s.rng.Int64N(20), s.id("restock"), false
	for _, f := range fates {
		if f.applies() && !done {
			s.move(stocks.Restocked, product, quantity, key)
			done = true
		}
		s.record(f, history.Record{Op: "restock", User: "admin@example.com", Key: key, Product: product, Quantity: quantity})
	}
}

func (s *shop) register(f fate) {
	mail := s.id("new") + "@example.com"
	if f.applies() {
		s.Facts.Users = append(s.Facts.Users, mail)
	}
	s.record(f, history.Record{Op: "createUser", User: mail})
}
