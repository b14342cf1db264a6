package feed_test

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/strangler/platform/feed"
	"figlab/strangler/platform/plan"
	"io"
	"testing"
	"time"
)

// A stub is a bus that hands out nothing by itself: the test calls the handler.
type stub struct {
	handle func(context.Context, []bus.Message) []error
}

func (s *stub) ConsumeBatch(_ string, _ []string, _ int, handle func(context.Context, []bus.Message) []error) process.Part {
	s.handle = handle
	return process.Part{}
}

func (*stub) Pending(context.Context, string, []string) (int64, error) { return 0, nil }

// TestTailWaitsForTheTarget: the bus gives up on what is handed back too often, so a target that cannot be reached is waited for, and only
// what it refuses goes back.
func TestTailWaitsForTheTarget(t *testing.T) {
	source, target := newHouse(t, 0), newHouse(t, 0)
	b := &stub{}
	feed.New(feed.Config{
		Capability: "catalog", Plan: plan.Feed{Events: []string{subject}, Chunk: 10}, Source: source.at, Target: target.at, Token: "secret",
	}, b, process.Real("strangler", process.Links{}, io.Discard)).Parts()
	body, err := json.Marshal(event("p", 1))
	if err != nil {
		t.Fatal(err)
	}
	hand := func() <-chan error {
		done := make(chan error, 1)
		go func() {
			done <- errors.Join(b.handle(t.Context(), []bus.Message{{Subject: subject, ID: "p-1", Data: body}})...)
		}()
		return done
	}

	target.set(func() { target.broken = true })
	done := hand()
	select {
	case err := <-done:
		t.Fatalf("it gave up on a target that is away: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	target.set(func() { target.broken = false })
	if err := <-done; err != nil || !target.has(map[string]int64{"p": 1}) {
		t.Errorf("after the target came back: %v, it holds %v", err, target.rows)
	}

	target.set(func() { target.refuses = true })
	select {
	case err := <-hand():
		if err == nil {
			t.Error("a refusal is no error")
		}
	case <-time.After(5 * time.Second):
		t.Error("it waits for a target that will never take the row")
	}
}
