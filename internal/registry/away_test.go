package registry_test

import (
	"context"
	"figlab/internal/bus"
	"figlab/internal/registry"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"
)

func away(t *testing.T, buses ...*bus.Bus) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); slices.ContainsFunc(buses, (*bus.Bus).Connected); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the loss is not noticed")
		}
	}
}

func names(s *registry.Set) (names []string) {
	for _, i := range s.Instances() {
		names = append(names, i.Name)
	}
	return names
}

// TestAwayAndBack: who lives stays known all the time; who died meanwhile is kept for one lease and not for ever.
func TestAwayAndBack(t *testing.T) {
	t.Parallel()
	for _, pause := range []time.Duration{0, registry.Lease + 500*time.Millisecond} {
		t.Run(fmt.Sprint("for ", pause), func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			url, stop := brokerAt(t, "127.0.0.1:0", data)
			watcher, seer := connect(t, url, "watcher")
			set := watcher.Watch("catalog")
			running(t, set.Part().Run)
			one, first := connect(t, url, "holder-1")
			running(t, one.Lease(instance("catalog-1"), nil).Run)
			two, second := connect(t, url, "holder-2")
			running(t, two.Lease(instance("catalog-2"), nil).Run)
			becomes(t, set, 2, 5*time.Second)
			stop()
			away(t, seer, first, second)
			second.Close() // it dies while nobody can hear of it
			time.Sleep(pause)
			if got := names(set); len(got) != 2 {
				t.Errorf("while the registry is away %v are known, want the last two", got)
			}
			back := time.Now()
			brokerAt(t, url[len("nats://"):], data)
			running(t, one.Lease(instance("catalog-3"), nil).Run)
			becomes(t, set, 3, registry.Lease)
			for slices.Contains(names(set), "catalog-2") {
				if got := names(set); !slices.Contains(got, "catalog-1") {
					t.Fatalf("known are %v: the living was forgotten", got)
				}
				if time.Since(back) > 4*registry.Lease {
					t.Fatalf("known are %v: the dead stays", names(set))
				}
				time.Sleep(time.Millisecond)
			}
			if kept := time.Since(back); kept < registry.Lease {
				t.Errorf("who may live was forgotten after %s", kept)
			}
			if got := names(set); !slices.Equal(got, []string{"catalog-1", "catalog-3"}) {
				t.Errorf("known are %v", got)
			}
		})
	}
}

// TestLostBucket: the leases make it anew, and a watch of the old one does not wait for ever.
func TestLostBucket(t *testing.T) {
	t.Parallel()
	url, _ := broker(t)
	watcher, b := connect(t, url, "watcher")
	set := watcher.Watch("catalog")
	running(t, set.Part().Run)
	holder, _ := connect(t, url, "holder")
	running(t, holder.Lease(instance("catalog-1"), nil).Run)
	becomes(t, set, 1, 5*time.Second)
	time.Sleep(2 * registry.Beat) // the old bucket has counted further than the new one will for a while
	if err := b.JetStream().DeleteKeyValue(t.Context(), "registry"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(registry.Lease); ; time.Sleep(10 * time.Millisecond) {
		if _, err := b.JetStream().KeyValue(t.Context(), "registry"); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no lease has made the bucket anew")
		}
	}
	fresh, _ := connect(t, url, "fresh")
	other := fresh.Watch("catalog")
	running(t, other.Part().Run)
	becomes(t, other, 1, 5*time.Second)
	running(t, holder.Lease(instance("catalog-2"), nil).Run)
	becomes(t, other, 2, 5*time.Second)
	becomes(t, set, 2, 5*registry.Lease)
}

// BenchmarkBeat is what one renewal costs the holder, the broker and five watchers together.
func BenchmarkBeat(b *testing.B) {
	url, _ := brokerAt(b, "127.0.0.1:0", b.TempDir())
	holder, client := connect(b, url, "holder")
	ctx, cancel := context.WithCancel(b.Context())
	first := make(chan error, 1)
	go func() { first <- holder.Lease(instance("catalog-0"), nil).Run(ctx) }()
	sets := make([]*registry.Set, 5)
	for i := range sets {
		r, _ := connect(b, url, fmt.Sprint("watcher-", i))
		sets[i] = r.Watch("catalog")
		running(b, sets[i].Part().Run)
		becomes(b, sets[i], 1, 5*time.Second)
	}
	kv, err := client.JetStream().KeyValue(b.Context(), "registry")
	if err != nil {
		b.Fatal(err)
	}
	entry, err := kv.Get(b.Context(), "catalog.catalog-0")
	if err != nil {
		b.Fatal(err)
	}
	cancel()
	if err := <-first; err != nil {
		b.Fatal(err)
	}
	begin := cpu()
	for b.Loop() {
		if _, err := kv.Put(b.Context(), "catalog.catalog-0", entry.Value()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpu()-begin).Microseconds())/float64(b.N), "cpu-µs/beat")
}

// cpu is what this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
