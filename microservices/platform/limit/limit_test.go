package limit_test

import (
	"figlab/microservices/platform/limit"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

type stand struct {
	now time.Time
	*limit.Limiter
}

func newStand(o limit.Options) *stand {
	s := &stand{now: time.Unix(1000, 0)}
	o.Now = func() time.Time { return s.now }
	s.Limiter = limit.New(o)
	return s
}

// passed counts what passes of n requests at once.
func (s *stand) passed(client string, n int) (passed int) {
	for range n {
		if ok, _ := s.Allow(client); ok {
			passed++
		}
	}
	return passed
}

func TestBurstAndRefill(t *testing.T) {
	s := newStand(limit.Options{PerSecond: 10, Burst: 5})
	for _, c := range []struct {
		after time.Duration
		want  int
	}{
		{0, 5},
		{0, 0},
		{99 * time.Millisecond, 0},
		{time.Millisecond, 1},
		{250 * time.Millisecond, 2},
		{50 * time.Millisecond, 1},
		{time.Hour, 5},
		{0, 0},
	} {
		s.now = s.now.Add(c.after)
		if got := s.passed("a", 10); got != c.want {
			t.Errorf("after %s: %d passed, want %d", c.after, got, c.want)
		}
	}
}

// TestRetryAfter: who waits as long as it was told passes, and not a moment sooner.
func TestRetryAfter(t *testing.T) {
	for _, perSecond := range []float64{0.001, 0.7, 3, 1000, 1e6} {
		s := newStand(limit.Options{PerSecond: perSecond, Burst: 2})
		s.passed("a", 2)
		for range 50 {
			ok, after := s.Allow("a")
			if ok || after <= 0 || after > time.Duration(float64(time.Second)/perSecond)+1 {
				t.Fatalf("%v a second: %t, try again after %s", perSecond, ok, after)
			}
			s.now = s.now.Add(after - 1)
			if ok, again := s.Allow("a"); ok || again != 1 {
				t.Fatalf("%v a second: a nanosecond early: %t, %s", perSecond, ok, again)
			}
			s.now = s.now.Add(1)
			if ok, after := s.Allow("a"); !ok || after != 0 {
				t.Fatalf("%v a second: in time: %t, %s", perSecond, ok, after)
			}
		}
	}
}

func TestClientsAreIndependent(t *testing.T) {
	s := newStand(limit.Options{PerSecond: 1, Burst: 3})
	if a, b := s.passed("a", 9), s.passed("b", 9); a != 3 || b != 3 {
		t.Errorf("%d and %d passed, want 3 each", a, b)
	}
}

// TestBound: the client not seen for longest makes room, whether or not it was let through.
func TestBound(t *testing.T) {
	s := newStand(limit.Options{PerSecond: 0.001, Burst: 1, Clients: 3})
	for _, client := range []string{"a", "b", "c", "a", "d", "e"} { // b, then c make room
		s.passed(client, 1)
	}
	if got, want := s.Stats(), (limit.Stats{Passed: 5, Refused: 1, Clients: 3, Forgotten: 2}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, c := range []struct {
		client string
		want   int
	}{{"a", 0}, {"d", 0}, {"e", 0}, {"b", 1}, {"a", 1}} {
		if got := s.passed(c.client, 1); got != c.want {
			t.Errorf("%s: %d passed, want %d", c.client, got, c.want)
		}
	}
	for i := range 1000 {
		s.passed(fmt.Sprint(i), 1)
	}
	if n := s.Stats().Clients; n != 3 {
		t.Errorf("%d clients are remembered, want 3", n)
	}
}

// TestExtremes: rates at the edges of a number neither let everything through nor nothing.
func TestExtremes(t *testing.T) {
	for _, c := range []struct {
		o    limit.Options
		want int
	}{
		{limit.Options{}, 100},
		{limit.Options{PerSecond: 0, Burst: 3}, 100},
		{limit.Options{PerSecond: -1, Burst: 3}, 100},
		{limit.Options{PerSecond: 1}, 1},
		{limit.Options{PerSecond: 1, Burst: -5}, 1},
		{limit.Options{PerSecond: 1e-300, Burst: 1}, 1},
		{limit.Options{PerSecond: 1e300, Burst: 50}, 50},
		{limit.Options{PerSecond: 1, Burst: math.MaxInt}, 100},
	} {
		s := newStand(c.o)
		if got := s.passed("a", 100); got != c.want {
			t.Errorf("%+v: %d of 100 passed, want %d", c.o, got, c.want)
		}
	}
}

func TestTogether(t *testing.T) {
	s := newStand(limit.Options{PerSecond: 1, Burst: 100, Clients: 50})
	var passed [10]atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 2000 {
				if ok, _ := s.Allow(fmt.Sprint(i % 10)); ok {
					passed[i%10].Add(1)
				}
			}
		})
	}
	all.Wait()
	for i := range passed {
		if n := passed[i].Load(); n != 100 {
			t.Errorf("client %d: %d passed, want 100", i, n)
		}
	}
	if got, want := s.Stats(), (limit.Stats{Passed: 1000, Refused: 15_000, Clients: 10}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func BenchmarkAllow(b *testing.B) {
	clients := make([]string, 20_000)
	for i := range clients {
		clients[i] = fmt.Sprint("10.0.0.", i)
	}
	for name, o := range map[string]limit.Options{
		"known": {PerSecond: 10, Burst: 10, Clients: 20_000}, "forgotten": {PerSecond: 10, Burst: 10, Clients: 10_000}, "off": {},
	} {
		b.Run(name, func(b *testing.B) {
			l := limit.New(o)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					l.Allow(clients[i%len(clients)])
				}
			})
		})
	}
}
