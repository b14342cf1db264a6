package cachetest

import (
	"context"
	"errors"
	"figlab/microservices/platform/cache"
	"sync/atomic"
	"testing"
	"time"
)

// A load is somebody who asked, and whose load is under way until end says what was read.
type load struct {
	read   chan string
	ctx    context.Context // of the load
	answer chan answer
}

type answer struct {
	value []byte
	err   error
}

// begin asks for key and returns when the load has begun.
func (s *stand) begin(ctx context.Context, t *testing.T, key string) *load {
	t.Helper()
	l := &load{read: make(chan string, 1), answer: make(chan answer, 1)}
	begun := make(chan struct{})
	go func() {
		value, err := s.Get(ctx, key, func(ctx context.Context) ([]byte, error) {
			l.ctx = ctx
			close(begun)
			return []byte(<-l.read), nil
		})
		l.answer <- answer{value, err}
	}()
	select {
	case <-begun:
	case <-time.After(patience):
		t.Fatalf("%s: no load began", key)
	}
	return l
}

func (l *load) end(read string) { l.read <- read }

func (l *load) want(t *testing.T, want string) {
	t.Helper()
	if got := l.wait(t); got.err != nil || string(got.value) != want {
		t.Errorf("got %q, %v; want %q", got.value, got.err, want)
	}
}

func (l *load) wait(t *testing.T) answer {
	t.Helper()
	select {
	case got := <-l.answer:
		return got
	case <-time.After(patience):
		t.Fatal("no answer")
		return answer{}
	}
}

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

func oneForAll(t *testing.T, s *stand) {
	first := s.begin(t.Context(), t, "a")
	var loads atomic.Int64
	answers := make(chan answer, 50)
	for range cap(answers) {
		go func() {
			value, err := s.Get(t.Context(), "a", func(context.Context) ([]byte, error) {
				loads.Add(1)
				return []byte("second"), nil
			})
			answers <- answer{value, err}
		}()
	}
	s.want(t, "b", "1", "1") // another key does not wait
	select {
	case got := <-answers:
		t.Errorf("somebody did not wait, and got %q, %v", got.value, got.err)
	case <-time.After(20 * time.Millisecond):
	}
	first.end("1")
	first.want(t, "1")
	for range cap(answers) {
		if got := <-answers; got.err != nil || string(got.value) != "1" {
			t.Errorf("got %q, %v", got.value, got.err)
		}
	}
	if n := loads.Load(); n != 0 {
		t.Errorf("loaded %d times more than once", n)
	}
}

// leaving: each waits as long as its own ctx lets it, and the load belongs to nobody.
func leaving(t *testing.T, s *stand) {
	bored := errors.New("bored")
	ctx, leave := context.WithCancelCause(t.Context())
	first := s.begin(ctx, t, "a")
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := s.Get(short, "a", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("who had a millisecond got %v", err)
	}
	leave(bored)
	if got := first.wait(t); !errors.Is(got.err, bored) {
		t.Errorf("who left got %q, %v", got.value, got.err)
	}
	if err := first.ctx.Err(); err != nil {
		t.Errorf("the load was cancelled: %v", err)
	}
	first.end("1")
	s.want(t, "a", "2", "1")
	// For who has left before nothing is begun.
	if _, err := s.Get(ctx, "b", func(context.Context) ([]byte, error) { return []byte("for nobody"), nil }); !errors.Is(err, bored) {
		t.Errorf("who had left before got %v", err)
	}
	s.want(t, "b", "1", "1")
}

// boundedLoad: a load ends in time, and has the values of the one who began it.
func boundedLoad(t *testing.T, s *stand) {
	type key struct{}
	first := s.begin(context.WithValue(t.Context(), key{}, "kept"), t, "a")
	if end, ok := first.ctx.Deadline(); !ok || time.Until(end) > cache.LoadWithin {
		t.Errorf("the load ends %v, want at the latest after %s", end, cache.LoadWithin)
	}
	if first.ctx.Value(key{}) != "kept" {
		t.Error("the load lacks the values of its first waiter")
	}
	first.end("1")
	first.want(t, "1")
}

func forgetsLoads(t *testing.T, s *stand) {
	overtaken(t, s, func() error { return s.Forget(t.Context(), "a") })
}

func clearsLoads(t *testing.T, s *stand) {
	overtaken(t, s, func() error { return s.Clear(t.Context()) })
}

// overtaken: what a load has read may be from before the change that was heard of while it was under way. It is told to those who asked
// before, and kept for nobody.
func overtaken(t *testing.T, s *stand, forget func() error) {
	for name, oldFirst := range map[string]bool{"old load ends first": true, "old load ends last": false} {
		t.Run(name, func(t *testing.T) {
			if err := forget(); err != nil {
				t.Fatal(err)
			}
			old := s.begin(t.Context(), t, "a")
			if err := forget(); err != nil {
				t.Fatal(err)
			}
			if oldFirst {
				old.end("old")
				old.want(t, "old")
				s.want(t, "a", "new", "new")
			} else {
				s.begun(t, old)
			}
			s.want(t, "a", "newer", "new")
		})
	}
}

// begun has a new load under way while the old one ends: neither disturbs the other.
func (s *stand) begun(t *testing.T, old *load) {
	t.Helper()
	fresh := s.begin(t.Context(), t, "a")
	old.end("old")
	old.want(t, "old")
	third := make(chan answer, 1)
	go func() {
		value, err := s.Get(t.Context(), "a", func(context.Context) ([]byte, error) { return []byte("third"), nil })
		third <- answer{value, err}
	}()
	fresh.end("new")
	fresh.want(t, "new")
	if got := <-third; string(got.value) != "new" {
		t.Errorf("got %q, %v: the end of the old load ended the new one", got.value, got.err)
	}
}
