package bus_test

import (
	"context"
	"errors"
	"figlab/internal/bus"
	"figlab/internal/process"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"
)

func deps(t testing.TB, name string) process.Deps {
	t.Helper()
	d := process.Real(name, nil, t.Output())
	d.Log = slog.New(slog.DiscardHandler)
	return d
}

// broker runs a broker until the returned function is called.
func broker(t *testing.T, listen, data string) (url string, stop func()) {
	t.Helper()
	s, err := bus.NewServer(bus.ServerConfig{Listen: listen, Data: data}, deps(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	return s.URL(), running(t, s.Run)
}

// running runs a part until the returned function is called, or the test ends.
func running(t testing.TB, part func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- part(ctx) }()
	var once atomic.Bool
	stop = func() {
		if cancel(); once.CompareAndSwap(false, true) {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	return stop
}

func dial(t testing.TB, url string) *bus.Bus {
	t.Helper()
	b, err := bus.Dial(deps(t, "client"), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	eventually(t, "connected", b.Connected)
	return b
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not in time: " + what)
		}
	}
}

func message(i int) bus.Message {
	return bus.Message{Subject: "shop.test.happened", ID: fmt.Sprintf("m%d", i), Data: fmt.Appendf(nil, "%d", i)}
}

func TestOrderAndDeduplication(t *testing.T) {
	url, _ := broker(t, "127.0.0.1:0", t.TempDir())
	b := dial(t, url)
	for i := range 20 {
		if err := b.Publish(t.Context(), message(i), message(i)); err != nil {
			t.Fatal(err)
		}
	}
	got := make(chan string, 64)
	running(t, b.ConsumeBatch("reader", []string{"shop.test.>"}, 7, func(_ context.Context, ms []bus.Message) []error {
		for _, m := range ms {
			got <- string(m.Data)
		}
		return nil
	}).Run)
	for i := range 20 {
		if v := <-got; v != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, v)
		}
	}
	eventually(t, "nothing is left", func() bool {
		n, err := b.Pending(t.Context(), "reader", []string{"shop.test.>"})
		return err == nil && n == 0
	})
	if len(got) > 0 {
		t.Errorf("a message published twice came twice: %s", <-got)
	}
}

func TestRestartOfTheBroker(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	url, stop := broker(t, "127.0.0.1:0", data)
	b := dial(t, url)
	if err := b.Publish(t.Context(), message(1)); err != nil {
		t.Fatal(err)
	}
	stop()
	eventually(t, "the loss is noticed", func() bool { return !b.Connected() })
	if err := b.Publish(t.Context(), message(2)); !errors.Is(err, bus.ErrAway) {
		t.Errorf("publish without a broker: %v", err)
	}
	broker(t, url[len("nats://"):], data)
	eventually(t, "connected again", b.Connected)
	if err := b.Publish(t.Context(), message(2)); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 4)
	running(t, b.Consume("late", []string{"shop.test.>"}, func(_ context.Context, m bus.Message) error {
		got <- m.ID
		return nil
	}).Run)
	if first, second := <-got, <-got; first != "m1" || second != "m2" {
		t.Errorf("after the restart came %s and %s", first, second)
	}
}
