package bus_test

import (
	"context"
	"figlab/internal/bus"
	"testing"
	"time"
)

// TestFollow: what is new comes, what is old does not, and a restart of the broker is told of.
func TestFollow(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	url, stop := broker(t, "127.0.0.1:0", data)
	b := dial(t, url)
	publish(t, b, 1, 3)
	gaps, got := make(chan struct{}, 16), make(chan bus.Message, 64)
	end := running(t, b.Follow(everything(), func(m bus.Message) { got <- m }, func() { gaps <- struct{}{} }).Run)
	receive(t, gaps, "the first gap")
	begin := time.Now().Add(-time.Second)
	publish(t, b, 4, 5)
	for _, want := range []string{"m4", "m5"} {
		if m := receive(t, got, want); m.ID != want || m.Stored.Before(begin) || m.Stored.After(time.Now().Add(time.Second)) {
			t.Errorf("%s came as %+v", want, m)
		}
	}
	if len(gaps) > 0 {
		t.Error("a gap where there is none")
	}
	stop()
	eventually(t, "the loss is noticed", func() bool { return !b.Connected() })
	broker(t, url[len("nats://"):], data)
	receive(t, gaps, "the gap after the restart")
	publish(t, b, 6, 6)
	if m := receive(t, got, "m6"); m.ID != "m6" {
		t.Errorf("after the restart came %s", m.ID)
	}
	end()
	if len(got) > 0 {
		t.Errorf("%d more came", len(got))
	}
}

// TestFollowWithoutBroker: it waits for the first connection.
func TestFollowWithoutBroker(t *testing.T) {
	t.Parallel()
	url, stop := broker(t, "127.0.0.1:0", t.TempDir())
	stop()
	b, err := bus.Dial(deps(t, "client"), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	gaps := make(chan struct{}, 16)
	running(t, b.Follow(everything(), func(bus.Message) {}, func() { gaps <- struct{}{} }).Run)
	broker(t, url[len("nats://"):], t.TempDir())
	receive(t, gaps, "the first gap")
}

// TestConsumerGoesOnAfterARestart: on the same data, and on none, as after a broker has lost its disk.
func TestConsumerGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	url, stop := broker(t, "127.0.0.1:0", data)
	b := dial(t, url)
	got := make(chan string, 64)
	running(t, b.Consume("steady", everything(), func(_ context.Context, m bus.Message) error {
		got <- m.ID
		return nil
	}).Run)
	publish(t, b, 1, 1)
	for i, folder := range []string{data, t.TempDir()} {
		if id, want := receive(t, got, "a message"), message(i+1).ID; id != want {
			t.Fatalf("%s came, want %s", id, want)
		}
		settled(t, b, "steady")
		stop()
		eventually(t, "the loss is noticed", func() bool { return !b.Connected() })
		_, stop = broker(t, url[len("nats://"):], folder)
		eventually(t, "connected again", b.Connected)
		publish(t, b, i+2, i+2)
	}
	if id := receive(t, got, "a message"); id != "m3" || len(got) > 0 {
		t.Errorf("at the end came %s and %d more", id, len(got))
	}
}

func receive[T any](t *testing.T, from <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(5 * time.Second):
		t.Fatal("not in time: " + what)
	}
	return v
}
