package shed

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// turns hands out at most a number of turns, to those who wait in the order they came.
//
// Two laws make the fast path safe. Who waits, waits only while all turns are taken: both counts change in one step. And while somebody
// waits, they change under the mutex only, so that the queue is as long as it is said to be.
type turns struct {
	most, room uint32
	state      atomic.Uint64 // waiting in the upper half, turns taken in the lower

	mu    sync.Mutex
	queue list.List // of *waiter
	delay delay
}

// A waiter stands in the queue.
type waiter struct {
	came time.Time
	turn chan struct{} // closed when it has one
}

const oneWaiting = 1 << 32

func split(state uint64) (waiting, taken uint32) { return uint32(state >> 32), uint32(state) }

func newTurns(most, room int) *turns { return &turns{most: uint32(most), room: uint32(room)} }

// take takes a turn if that needs no waiting.
func (t *turns) take() bool {
	for {
		state := t.state.Load()
		if _, taken := split(state); taken >= t.most { // so it is while anybody waits: nobody is overtaken
			return false
		}
		if t.state.CompareAndSwap(state, state+1) {
			t.delay.none()
			return true
		}
	}
}

// give gives a turn back: to the one who has waited for longest, if anybody waits.
func (t *turns) give() {
	for {
		state := t.state.Load()
		if waiting, _ := split(state); waiting > 0 {
			break
		}
		if t.state.CompareAndSwap(state, state-1) {
			return
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.queue.Front()
	if first == nil { // the last one lost patience meanwhile
		t.state.Add(^uint64(0))
		return
	}
	t.pass(first, time.Now())
}

func (t *turns) pass(first *list.Element, now time.Time) {
	w, _ := first.Value.(*waiter)
	t.leave(first)
	t.delay.saw(now, now.Sub(w.came))
	close(w.turn)
}

// wait waits for a turn, and returns false when there is none to be had in time.
func (t *turns) wait(ctx context.Context, patience time.Duration) bool {
	place, ok := t.join(time.Now())
	if place == nil {
		return ok
	}
	w, _ := place.Value.(*waiter)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	gone := false
	select {
	case <-w.turn:
		return true
	case <-timer.C:
	case <-ctx.Done():
		gone = true
	}
	if t.quit(place, w) {
		return false
	}
	if gone { // its turn came as it left
		t.give()
	}
	return !gone
}

// join takes a turn after all, or the last place in the queue, or nothing.
func (t *turns) join(now time.Time) (place *list.Element, taken bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		if t.take() {
			return nil, true
		}
		state := t.state.Load()
		waiting, taken := split(state)
		if waiting >= t.room || waiting > 0 && t.standing(now) {
			return nil, false
		}
		if taken >= t.most && t.state.CompareAndSwap(state, state+oneWaiting) {
			return t.queue.PushBack(&waiter{came: now, turn: make(chan struct{})}), false
		}
	}
}

// standing says whether the queue is one that only makes everybody wait: of late nobody got a turn soon, or nobody got one at all.
func (t *turns) standing(now time.Time) bool {
	first, _ := t.queue.Front().Value.(*waiter)
	return t.delay.standing(now) || now.Sub(first.came) > window
}

// quit leaves the queue, or returns false when the turn has come meanwhile.
func (t *turns) quit(place *list.Element, w *waiter) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-w.turn:
		return false
	default:
	}
	t.leave(place)
	now := time.Now()
	t.delay.gaveUp(now, now.Sub(w.came))
	return true
}

func (t *turns) leave(place *list.Element) {
	t.queue.Remove(place)
	t.state.Add(^uint64(oneWaiting - 1))
}
