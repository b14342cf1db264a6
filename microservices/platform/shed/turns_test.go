package shed

import (
	"context"
	"testing"
	"time"
)

// meanwhile runs act between the moment at which f comes to the mutex and the moment at which it gets it.
func meanwhile(t *turns, f, act func()) {
	done := make(chan struct{})
	t.mu.Lock()
	go func() {
		defer close(done)
		f()
	}()
	time.Sleep(5 * time.Millisecond)
	act()
	t.mu.Unlock()
	<-done
}

// TestGiveFindsNobody: the one to whom the turn was to be given has left meanwhile. The turn is not lost.
func TestGiveFindsNobody(t *testing.T) {
	turns := newTurns(1, 1)
	if !turns.take() {
		t.Fatal("no turn at the beginning")
	}
	place, _ := turns.join(time.Now())
	meanwhile(turns, turns.give, func() { turns.leave(place) })
	if !turns.take() {
		t.Error("the turn is lost")
	}
	if turns.take() {
		t.Error("it was there twice")
	}
}

// TestTurnComesTooLate: the turn comes to one who is leaving. It goes to the next.
func TestTurnComesTooLate(t *testing.T) {
	turns := newTurns(1, 1)
	turns.take()
	ctx, leave := context.WithCancel(t.Context())
	got := make(chan bool, 1)
	go func() { got <- turns.wait(ctx, time.Minute) }()
	for waiting := uint32(0); waiting == 0; waiting, _ = split(turns.state.Load()) {
		time.Sleep(time.Millisecond)
	}
	meanwhile(turns, leave, func() {
		time.Sleep(5 * time.Millisecond) // it comes to the mutex
		turns.pass(turns.queue.Front(), time.Now())
	})
	if <-got {
		t.Error("one who is gone has a turn")
	}
	if !turns.take() {
		t.Error("the turn is lost")
	}
}
