package balance_test

import (
	"figlab/internal/registry"
	"figlab/microservices/platform/balance"
	"testing"
	"time"
)

// answered gives a backend back after an answer that took so long, by the clock of the stand.
func answered(s *stand, b *balance.Backend, took time.Duration) {
	s.now = s.now.Add(took)
	b.Done(balance.Outcome{Took: took})
}

// all picks every instance once, in the order of their names.
func (s *stand) all(t *testing.T) []*balance.Backend {
	t.Helper()
	sorted := make([]*balance.Backend, len(s.instances))
	var tried []*balance.Backend
	for range s.instances {
		b := s.Pick(tried...)
		tried = append(tried, b)
		for i, instance := range s.instances {
			if b.Instance == instance {
				sorted[i] = b
			}
		}
	}
	return sorted
}

// share is how many of n calls that come one after the other each instance gets, when each takes as long as took says.
func (s *stand) share(n int, took func(*balance.Backend) time.Duration) map[string]int {
	got := map[string]int{}
	for range n {
		b := s.Pick()
		got[b.Name]++
		answered(s, b, took(b))
	}
	return got
}

// TestLatency: a slower answer counts at once, faster ones bring it down with a time constant of five seconds, and what is not asked is
// forgotten likewise.
func TestLatency(t *testing.T) {
	s := newStand(1)
	b := s.Pick()
	if b.Latency() != 0 {
		t.Errorf("%s before the first answer", b.Latency())
	}
	b.Done(balance.Outcome{Took: 10 * time.Millisecond})
	for _, c := range []struct {
		after, took, low, high time.Duration
		outcome                balance.Outcome
	}{
		{0, 200 * time.Millisecond, 200 * time.Millisecond, 200 * time.Millisecond, balance.Outcome{}},                          // a peak
		{0, 10 * time.Millisecond, 200 * time.Millisecond, 200 * time.Millisecond, balance.Outcome{}},                           // one fast answer is none
		{5 * time.Second, 10 * time.Millisecond, 79 * time.Millisecond, 81 * time.Millisecond, balance.Outcome{}},               // 200/e + 10(1-1/e)
		{0, time.Millisecond, 79 * time.Millisecond, 81 * time.Millisecond, balance.Outcome{Failed: true}},                      // failing fast is not being fast
		{0, time.Millisecond, 79 * time.Millisecond, 81 * time.Millisecond, balance.Outcome{Cut: true}},                         // nor is being given up
		{0, 100 * time.Millisecond, 99 * time.Millisecond, 101 * time.Millisecond, balance.Outcome{Cut: true}},                  // it took that long at least
		{5 * time.Second, 0, 36 * time.Millisecond, 38 * time.Millisecond, balance.Outcome{}},                                   // 100/e
		{time.Minute, 40 * time.Millisecond, 39 * time.Millisecond, 41 * time.Millisecond, balance.Outcome{}},                   // long forgotten
		{0, 300 * time.Millisecond, 300 * time.Millisecond, 300 * time.Millisecond, balance.Outcome{Failed: true}},              // a timeout
		{5 * time.Second, 50 * time.Millisecond, 110 * time.Millisecond, 111 * time.Millisecond, balance.Outcome{Failed: true}}, // 300/e
		{5 * time.Second, 30 * time.Millisecond, 40 * time.Millisecond, 41 * time.Millisecond, balance.Outcome{Cut: true}},      // 300/e/e
	} {
		s.now = s.now.Add(c.after)
		c.outcome.Took = c.took
		s.Pick().Done(c.outcome)
		if l := b.Latency().Round(time.Microsecond); l < c.low || l > c.high {
			t.Errorf("after %s and %+v it is %s, want %s to %s", c.after, c.outcome, l, c.low, c.high)
		}
	}
}

// TestSlowerGetsLess: calls under way count as much as they take; below a millisecond there is no difference.
func TestSlowerGetsLess(t *testing.T) {
	s := newStand(2)
	both := s.all(t)
	answered(s, both[1], 40*time.Millisecond)
	answered(s, both[0], 10*time.Millisecond)
	held := map[string]int{}
	for range 5 {
		held[s.Pick().Name]++
	}
	if held[both[0].Name] != 4 || held[both[1].Name] != 1 {
		t.Errorf("with 10 and 40 ms they hold %v, want 4 and 1", held)
	}

	fast := newStand(2)
	got := fast.share(1000, func(b *balance.Backend) time.Duration {
		if b.Name == "catalog-0" {
			return 100 * time.Microsecond
		}
		return 900 * time.Microsecond
	})
	if n := got["catalog-0"]; n < 400 || n > 600 {
		t.Errorf("shares %v, want halves", got)
	}
}

// TestUnknownIsProbed: who has never answered is asked by one call, and by no other before the answer is there.
func TestUnknownIsProbed(t *testing.T) {
	s := newStand(2)
	b := s.Pick()
	answered(s, b, 500*time.Millisecond)
	fresh := s.Pick()
	if fresh == b {
		t.Fatal("the known one was preferred to the one that is not known")
	}
	for range 20 {
		if s.Pick() == fresh {
			t.Fatal("asked again before its first answer")
		}
	}
}

// fail makes an instance fail n times, one after the other.
func fail(b *balance.Backend, n int) {
	for range n {
		b.Done(balance.Outcome{Took: time.Millisecond, Failed: true})
	}
}

// TestEjection: five failures in a row and it is left out, for a second and twice as long each time it goes on failing; a success between
// them starts anew; after thirty seconds without it all is forgotten.
func TestEjection(t *testing.T) {
	s := newStand(3)
	all := s.all(t)
	bad := all[0]
	fail(bad, 4)
	bad.Done(balance.Outcome{Took: time.Millisecond})
	fail(bad, 4)
	if bad.Ejected() {
		t.Fatal("ejected though its row of failures was broken")
	}
	fail(bad, 1)
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		want *= time.Second
		fail(bad, 3) // those that come late do not count
		s.now = s.now.Add(want - time.Millisecond)
		if !bad.Ejected() {
			t.Fatalf("back before %s", want)
		}
		for range 50 {
			if b := s.Pick(); b == bad {
				t.Fatal("chosen while it was ejected")
			}
		}
		s.now = s.now.Add(time.Millisecond)
		if bad.Ejected() {
			t.Fatalf("still out after %s", want)
		}
		if bad.Latency() != 0 {
			t.Error("its latency of before is still counted")
		}
		fail(bad, 1)
	}
	s.now = s.now.Add(30 * time.Second)
	bad.Done(balance.Outcome{Took: time.Millisecond})
	s.now = s.now.Add(31 * time.Second)
	fail(bad, 5)
	if s.now = s.now.Add(time.Second); bad.Ejected() {
		t.Error("what happened long ago still counts")
	}
}

// TestHalfStay: never more than half are left out, one alone never; and when others go, some come back.
func TestHalfStay(t *testing.T) {
	for n, want := range map[int]int{1: 0, 2: 1, 3: 1, 4: 2, 5: 2} {
		s := newStand(n)
		all := s.all(t)
		out := 0
		for _, b := range all {
			if fail(b, 10); b.Ejected() {
				out++
			}
		}
		if out != want {
			t.Errorf("%d of %d are left out, want %d", out, n, want)
		}
	}

	s := newStand(4)
	all := s.all(t)
	fail(all[0], 5)
	s.now = s.now.Add(time.Millisecond)
	fail(all[1], 5)
	s.instances = []registry.Instance{all[0].Instance, all[1].Instance}
	s.Pick()
	if all[0].Ejected() || !all[1].Ejected() {
		t.Error("of two that are left, the one that is due first was to come back")
	}
}

// TestSlowStart: who comes later gets its share little by little; those that were there first get theirs at once.
func TestSlowStart(t *testing.T) {
	s := newStand(2)
	took := func(*balance.Backend) time.Duration { return 100 * time.Microsecond }
	if n := s.share(1000, took)["catalog-1"]; n < 400 {
		t.Errorf("of the first, one got %d of 1000", n)
	}
	s.instances = append([]registry.Instance{}, append(s.instances, instance(2))...)
	s.share(1, took) // it is seen
	began := s.now
	for _, c := range []struct {
		after     time.Duration
		low, high int
	}{{0, 0, 40}, {balance.Ramp / 4, 50, 130}, {balance.Ramp / 2, 120, 220}, {balance.Ramp, 290, 380}} {
		s.now = began.Add(c.after)
		if n := s.share(1000, took)["catalog-2"]; n < c.low || n > c.high {
			t.Errorf("after %s it gets %d of 1000, want %d to %d", c.after, n, c.low, c.high)
		}
	}
	s.instances = []registry.Instance{instance(9)}
	if b := s.Pick(); b == nil || b.Name != "catalog-9" {
		t.Error("a newcomer that is alone was not asked")
	}
}

// TestFailing: 500 is an answer, and so is everything below.
func TestFailing(t *testing.T) {
	for status, want := range map[int]bool{200: false, 404: false, 429: false, 500: false, 501: false, 502: true, 503: true, 504: true, 505: false} {
		if balance.Failing(status) != want {
			t.Errorf("%d: %t", status, !want)
		}
	}
}
