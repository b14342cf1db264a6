package balance_test

import (
	"figlab/internal/registry"
	"figlab/microservices/platform/balance"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

type stand struct {
	instances []registry.Instance
	now       time.Time
	*balance.Balancer
}

func newStand(n int) *stand {
	s := &stand{now: time.Unix(1000, 0)}
	for i := range n {
		s.instances = append(s.instances, instance(i))
	}
	draw := rand.New(rand.NewPCG(1, 2))
	s.Balancer = balance.New(func() []registry.Instance { return s.instances }, draw.IntN, func() time.Time { return s.now })
	return s
}

func instance(i int) registry.Instance {
	return registry.Instance{Service: "catalog", Name: fmt.Sprint("catalog-", i), Address: fmt.Sprint("127.0.0.1:", i)}
}

// TestEven: calls that never end are spread so that no instance is far ahead: two choices, not one.
func TestEven(t *testing.T) {
	s := newStand(5)
	held := map[string]int{}
	for range 5000 {
		held[s.Pick().Name]++
	}
	for name, n := range held {
		if n < 990 || n > 1010 {
			t.Errorf("%s holds %d of 5000 calls under way, want 1000 give or take 10", name, n)
		}
	}
}

// TestSlowGetsLess: an instance whose calls do not end is avoided by the next ones.
func TestSlowGetsLess(t *testing.T) {
	s := newStand(2)
	slow := s.Pick()
	for range 100 {
		b := s.Pick()
		if b == slow {
			t.Fatal("the busy one was chosen though the other was idle")
		}
		b.Done(balance.Outcome{})
	}
	slow.Done(balance.Outcome{})
	if n := slow.InFlight(); n != 0 {
		t.Errorf("%d calls under way after all have ended", n)
	}
}

// TestRefusedRests: who refused is left alone for the rest, then asked again; when nobody else is there it is asked all the same.
func TestRefusedRests(t *testing.T) {
	s := newStand(3)
	down := s.Pick()
	s.Refused(down)
	down.Done(balance.Outcome{})
	for range 100 {
		b := s.Pick()
		if b == down {
			t.Fatal("chosen while it rests")
		}
		b.Done(balance.Outcome{})
	}
	s.now = s.now.Add(balance.Rest)
	chosen := 0
	for range 100 {
		b := s.Pick()
		if b == down {
			chosen++
		}
		b.Done(balance.Outcome{})
	}
	if chosen == 0 {
		t.Error("never chosen after its rest")
	}

	alone := newStand(1)
	only := alone.Pick()
	alone.Refused(only)
	if alone.Pick() != only {
		t.Error("the only one was not asked because it rests")
	}
}

// TestTried: whoever was tried is not chosen again, and at the end there is nobody.
func TestTried(t *testing.T) {
	s := newStand(3)
	var tried []*balance.Backend
	for range 3 {
		b := s.Pick(tried...)
		for _, other := range tried {
			if b == other {
				t.Fatalf("%s was chosen twice", b.Name)
			}
		}
		tried = append(tried, b)
	}
	if b := s.Pick(tried...); b != nil {
		t.Errorf("%s was chosen though all had been tried", b.Name)
	}
	if b := newStand(0).Pick(); b != nil {
		t.Errorf("%s was chosen of none", b.Name)
	}
}

// TestComingAndGoing: a change of the instances is seen at once, and who stays keeps its calls and its rest.
func TestComingAndGoing(t *testing.T) {
	s := newStand(2)
	first, second := s.Pick(), s.Pick()
	s.Refused(first)
	s.instances = []registry.Instance{first.Instance, instance(7)}
	for range 100 {
		b := s.Pick()
		if b.Name != instance(7).Name {
			t.Fatalf("%s was chosen: it is gone, or resting", b.Name)
		}
		b.Done(balance.Outcome{})
	}
	second.Done(balance.Outcome{})
	if first.InFlight() != 1 {
		t.Errorf("who stayed has %d calls under way, want 1", first.InFlight())
	}
}

// BenchmarkPick must not allocate.
func BenchmarkPick(b *testing.B) {
	s := newStand(3)
	tried := s.Pick()
	answered(s, tried, time.Millisecond)
	b.ReportAllocs()
	for b.Loop() {
		s.Pick(tried).Done(balance.Outcome{Took: time.Millisecond})
	}
}
