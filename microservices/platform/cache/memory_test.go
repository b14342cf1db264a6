package cache_test

import (
	"context"
	"errors"
	"figlab/microservices/platform/cache"
	"figlab/microservices/platform/cache/cachetest"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestContract(t *testing.T) {
	cachetest.Run(t, func(_ *testing.T, o cache.Options) cache.Cache { return cache.NewMemory(o) })
}

func give(value string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return []byte(value), nil }
}

func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := cache.NewMemory(cache.Options{Name: "products"})
		for range 3 {
			go func() {
				_, _ = m.Get(t.Context(), "a", func(context.Context) ([]byte, error) { time.Sleep(time.Second); return []byte("1"), nil })
			}()
		}
		synctest.Wait()
		_ = m.Forget(t.Context(), "a", "b")
		time.Sleep(time.Second)
		_, _ = m.Get(t.Context(), "a", give("2"))
		_, _ = m.Get(t.Context(), "a", give("3"))
		_, _ = m.Get(t.Context(), "b", give("1"))
		_ = m.Forget(t.Context(), "a", "c")
		if got, want := m.Stats(), (cache.Stats{Hits: 1, Misses: 5, Loads: 3, Forgotten: 2, Entries: 1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		_ = m.Clear(t.Context())
		if got := m.Stats(); got.Forgotten != 3 || got.Entries != 0 {
			t.Errorf("after Clear: %+v", got)
		}
	})
}

// TestDefaults: a cache without options holds for a minute.
func TestDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := cache.NewMemory(cache.Options{})
		for after, want := range []string{"0", "0", "2"} {
			got, err := m.Get(t.Context(), "a", give(fmt.Sprint(after)))
			if err != nil || string(got) != want {
				t.Errorf("after %d half minutes: %q, %v; want %q", after, got, err, want)
			}
			time.Sleep(30 * time.Second)
		}
	})
}

// TestDeafLoad: a load that does not heed its context holds nobody for longer than it may take, and does not keep others from asking.
func TestDeafLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := cache.NewMemory(cache.Options{})
		began, deaf := time.Now(), make(chan struct{})
		_, err := m.Get(t.Context(), "a", func(context.Context) ([]byte, error) { <-deaf; return []byte("late"), nil })
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != cache.LoadWithin {
			t.Errorf("got %v after %s", err, took)
		}
		if got, err := m.Get(t.Context(), "a", give("1")); string(got) != "1" {
			t.Errorf("the next one got %q, %v", got, err)
		}
		close(deaf)
		synctest.Wait()
		if got, err := m.Get(t.Context(), "a", give("2")); string(got) != "1" {
			t.Errorf("after the late end: %q, %v", got, err)
		}
	})
}

// TestWalk: what everybody asks for stays, though somebody walks through everything.
func TestWalk(t *testing.T) {
	m := cache.NewMemory(cache.Options{Max: 200})
	for i := range 5000 {
		_, _ = m.Get(t.Context(), fmt.Sprint("walk ", i), give("1"))
		_, _ = m.Get(t.Context(), fmt.Sprint("popular ", i%50), give("1"))
	}
	if again := m.Stats().Misses - 5000 - 50; again > 0 {
		t.Errorf("popular values had to be loaded %d times again", again)
	}
	if n := m.Stats().Entries; n != 200 {
		t.Errorf("%d values are kept, want 200", n)
	}
}

// TestNeverStale: many read while values change, and each change is followed by Forget. Whoever asks after a Forget gets that value or a
// newer one.
func TestNeverStale(t *testing.T) {
	const keys = 8
	m := cache.NewMemory(cache.Options{Max: 5, TTL: time.Millisecond})
	var row, told [keys]atomic.Int64
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			draw := rand.New(rand.NewPCG(1, uint64(g)))
			for range 3000 {
				k := draw.IntN(keys)
				key := fmt.Sprint(k)
				if g == 0 {
					v := row[k].Add(1)
					if v%100 == 0 {
						_ = m.Clear(t.Context())
					} else {
						_ = m.Forget(t.Context(), key)
					}
					told[k].Store(v)
					continue
				}
				atLeast := told[k].Load()
				value, err := m.Get(t.Context(), key, func(context.Context) ([]byte, error) { return fmt.Append(nil, row[k].Load()), nil })
				var got int64
				if _, scan := fmt.Sscan(string(value), &got); err != nil || scan != nil || got < atLeast {
					t.Errorf("key %d: got %q, %v; the change to %d had been told", k, value, err, atLeast)
				}
			}
		})
	}
	all.Wait()
}

// TestHitsDoNotAllocate holds what the benchmark shows.
func TestHitsDoNotAllocate(t *testing.T) {
	m, load := cache.NewMemory(cache.Options{}), give("1")
	_, _ = m.Get(t.Context(), "a", load)
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() { _, _ = m.Get(ctx, "a", load) }); n != 0 {
		t.Errorf("a hit allocates %v times", n)
	}
}

func BenchmarkHit(b *testing.B) {
	m, load := cache.NewMemory(cache.Options{}), give("1")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, _ = m.Get(b.Context(), "0190a1f0-0000-7000-8000-000000000001", load)
		}
	})
}

func BenchmarkMiss(b *testing.B) {
	m, load := cache.NewMemory(cache.Options{Max: 1000}), give("1")
	keys := make([]string, 10_000)
	for i := range keys {
		keys[i] = fmt.Sprint(i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_, _ = m.Get(b.Context(), keys[i%len(keys)], load)
	}
}
