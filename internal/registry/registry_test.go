package registry_test

import (
	"context"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/internal/registry"
	"log/slog"
	"testing"
	"time"
)

func deps(t testing.TB, name string) process.Deps {
	t.Helper()
	d := process.Real(name, nil, t.Output())
	d.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	return d
}

func running(t testing.TB, part func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := part(ctx); err != nil {
			t.Error(err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func broker(t *testing.T) (url string, stop func()) {
	t.Helper()
	return brokerAt(t, "127.0.0.1:0", t.TempDir())
}

func brokerAt(t testing.TB, listen, data string) (url string, stop func()) {
	t.Helper()
	s, err := bus.NewServer(bus.ServerConfig{Listen: listen, Data: data}, deps(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	return s.URL(), running(t, s.Run)
}

func connect(t testing.TB, url, name string) (*registry.Registry, *bus.Bus) {
	t.Helper()
	b, err := bus.Dial(deps(t, name), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return registry.New(b, deps(t, name)), b
}

// becomes waits until a set has n instances, woken by its changes.
func becomes(t testing.TB, s *registry.Set, n int, bound time.Duration) {
	t.Helper()
	deadline := time.After(bound)
	for {
		changed := s.Changed()
		if len(s.Instances()) == n {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%d instances, want %d within %s", len(s.Instances()), n, bound)
		}
	}
}

func instance(name string) registry.Instance {
	return registry.Instance{Service: "catalog", Name: name, Address: "127.0.0.1:1", Admin: "127.0.0.1:2"}
}

func TestComingAndGoing(t *testing.T) {
	t.Parallel()
	url, _ := broker(t)
	watcher, _ := connect(t, url, "watcher")
	set := watcher.Watch("catalog")
	running(t, set.Part().Run)
	holder, _ := connect(t, url, "holder")
	stopB := running(t, holder.Lease(instance("catalog-2"), nil).Run)
	running(t, holder.Lease(instance("catalog-1"), nil).Run)
	becomes(t, set, 2, 5*time.Second)
	if got := set.Instances(); got[0] != instance("catalog-1") || got[1] != instance("catalog-2") {
		t.Errorf("instances %v", got)
	}
	stopB() // it gives its lease back: no need to wait for the expiry
	becomes(t, set, 1, registry.Lease/2)
}

func TestExpiryOfTheDead(t *testing.T) {
	t.Parallel()
	url, _ := broker(t)
	watcher, _ := connect(t, url, "watcher")
	set := watcher.Watch("catalog")
	running(t, set.Part().Run)
	holder, b := connect(t, url, "holder")
	running(t, holder.Lease(instance("catalog-1"), nil).Run)
	becomes(t, set, 1, 5*time.Second)
	b.Close() // as a kill would: no word of farewell
	becomes(t, set, 0, 3*registry.Lease)
}

func TestLastKnownWhileAway(t *testing.T) {
	t.Parallel()
	url, stop := broker(t)
	watcher, b := connect(t, url, "watcher")
	set := watcher.Watch("catalog")
	running(t, set.Part().Run)
	holder, _ := connect(t, url, "holder")
	running(t, holder.Lease(instance("catalog-1"), nil).Run)
	becomes(t, set, 1, 5*time.Second)
	stop()
	for deadline := time.Now().Add(5 * time.Second); b.Connected() && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		continue
	}
	time.Sleep(100 * time.Millisecond)
	if len(set.Instances()) != 1 {
		t.Errorf("while the registry is away %d instances are known, want the last 1", len(set.Instances()))
	}
}

// TestEmpty: who leaves can tell whether others are left; while nobody can say, there may be.
func TestEmpty(t *testing.T) {
	url, _ := broker(t)
	r, _ := connect(t, url, "leaving")
	if !r.Empty(t.Context(), "catalog") {
		t.Error("nobody has registered, and it is not empty")
	}
	set := r.Watch("catalog")
	running(t, set.Part().Run)
	stop := running(t, r.Lease(instance("catalog-1"), nil).Run)
	running(t, r.Lease(registry.Instance{Service: "cart", Name: "cart-1", Address: "127.0.0.1:1"}, nil).Run)
	becomes(t, set, 1, 5*time.Second)
	if r.Empty(t.Context(), "catalog") {
		t.Error("one has registered, and it is empty")
	}
	stop()
	if !r.Empty(t.Context(), "catalog") {
		t.Error("the only one has gone, and it is not empty")
	}
	away, _ := connect(t, "nats://127.0.0.1:1", "away")
	if away.Empty(t.Context(), "catalog") {
		t.Error("nobody can say, and it is empty")
	}
}
