package cachetest

import (
	"context"
	"errors"
	"figlab/microservices/platform/cache"
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// Build returns an empty cache with these options.
type Build func(t *testing.T, o cache.Options) cache.Cache

// Run holds caches to their contract. They are built with a clock and an epoch that the suite moves.
func Run(t *testing.T, build Build) {
	for name, test := range map[string]func(*testing.T, *stand){
		"keeps": keeps, "keeps no error": keepsNoError, "ends with its TTL": ends, "new epoch": newEpoch, "bounded": bounded,
		"forgets": forgets, "clears": clears, "one load for all": oneForAll, "leaving": leaving, "bounded load": boundedLoad,
		"forgets a load under way": forgetsLoads, "clears a load under way": clearsLoads, "no appending": noAppending, "panic": panics,
	} {
		t.Run(name, func(t *testing.T) {
			s := &stand{}
			s.now.Store(time.Unix(1000, 0).UnixNano())
			s.Cache = build(t, cache.Options{Name: "suite", TTL: ttl, Max: most, Epoch: s.epoch.Load, Now: s.clock})
			test(t, s)
		})
	}
}

const (
	ttl  = time.Minute
	most = 100
)

type stand struct {
	cache.Cache
	now, epoch atomic.Int64
}

func (s *stand) clock() time.Time { return time.Unix(0, s.now.Load()) }

func (s *stand) pass(d time.Duration) { s.now.Add(int64(d)) }

// want asks for key, offering value to be loaded, and says what must come of it and whether it must be the one loaded now.
func (s *stand) want(t *testing.T, key, value, want string) {
	t.Helper()
	got, err := s.Get(t.Context(), key, func(context.Context) ([]byte, error) { return []byte(value), nil })
	if err != nil || string(got) != want {
		t.Errorf("%s: got %q, %v; want %q", key, got, err, want)
	}
}

func keeps(t *testing.T, s *stand) {
	s.want(t, "a", "1", "1")
	s.want(t, "a", "2", "1")
	s.want(t, "b", "3", "3")
	s.want(t, "a", "4", "1")
	s.want(t, "", "empty key", "empty key")
	s.want(t, "c", "", "")
	s.want(t, "c", "empty is a value", "")
}

func keepsNoError(t *testing.T, s *stand) {
	down := errors.New("down")
	got, err := s.Get(t.Context(), "a", func(context.Context) ([]byte, error) { return []byte("half"), down })
	if !errors.Is(err, down) || got != nil {
		t.Errorf("got %q, %v", got, err)
	}
	got, err = s.Get(t.Context(), "a", func(context.Context) ([]byte, error) { return nil, nil })
	if err != nil || got != nil {
		t.Errorf("got %q, %v", got, err)
	}
	s.want(t, "a", "1", "1")
}

func ends(t *testing.T, s *stand) {
	s.want(t, "a", "1", "1")
	s.pass(ttl - 1)
	s.want(t, "a", "2", "1")
	s.pass(1)
	s.want(t, "a", "3", "3")
	// The age of a value counts from the beginning of its load: it may have been read right then.
	_, _ = s.Get(t.Context(), "b", func(context.Context) ([]byte, error) { s.pass(ttl / 2); return []byte("1"), nil })
	s.want(t, "b", "2", "1")
	s.pass(ttl / 2)
	s.want(t, "b", "3", "3")
}

func newEpoch(t *testing.T, s *stand) {
	s.want(t, "a", "1", "1")
	s.epoch.Store(7)
	s.want(t, "a", "2", "2")
	s.want(t, "a", "3", "2")

	// What is still being loaded in the old one is no longer there in the new one.
	old := s.begin(t.Context(), t, "b")
	s.epoch.Store(8)
	s.want(t, "b", "new", "new")
	old.end("old")
	old.want(t, "old")
	s.want(t, "b", "newer", "new")
}

func bounded(t *testing.T, s *stand) {
	for i := range 3 * most {
		s.want(t, fmt.Sprint(i), "1", "1")
	}
	kept := 0
	for i := range 3 * most {
		got, _ := s.Get(t.Context(), fmt.Sprint(i), func(context.Context) ([]byte, error) { return nil, nil })
		if got != nil {
			kept++
		}
	}
	if kept == 0 || kept > most {
		t.Errorf("%d values are kept, want some and at most %d", kept, most)
	}
}

func forgets(t *testing.T, s *stand) {
	for _, key := range []string{"a", "b", "c"} {
		s.want(t, key, "1", "1")
	}
	if err := s.Forget(t.Context(), "a", "b", "never there"); err != nil {
		t.Error(err)
	}
	if err := s.Forget(t.Context()); err != nil {
		t.Error(err)
	}
	s.want(t, "a", "2", "2")
	s.want(t, "b", "2", "2")
	s.want(t, "c", "2", "1")
}

func clears(t *testing.T, s *stand) {
	s.want(t, "a", "1", "1")
	s.want(t, "b", "1", "1")
	if err := s.Clear(t.Context()); err != nil {
		t.Error(err)
	}
	s.want(t, "a", "2", "2")
	s.want(t, "b", "2", "2")
	s.want(t, "a", "3", "2")
}

func noAppending(t *testing.T, s *stand) {
	_, _ = s.Get(t.Context(), "a", func(context.Context) ([]byte, error) { return append(make([]byte, 0, 8), "1234"...), nil })
	first, _ := s.Get(t.Context(), "a", nil)
	second, _ := s.Get(t.Context(), "a", nil)
	first, second = append(first, 'x'), append(second, 'y')
	if string(first) != "1234x" || string(second) != "1234y" {
		t.Errorf("got %q and %q: who appends to a value writes into what others have", first, second)
	}
}

func panics(t *testing.T, s *stand) {
	_, err := s.Get(t.Context(), "a", func(context.Context) ([]byte, error) { panic("broken") })
	if err == nil {
		t.Error("a load that panicked gave no error")
	}
	s.want(t, "a", "1", "1")
}
