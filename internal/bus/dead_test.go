package bus_test

import (
	"bytes"
	"context"
	"errors"
	"figlab/internal/bus"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func everything() []string { return []string{"shop.test.>"} }

// A log is a writer for several goroutines.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) has(parts ...string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(line, p) }) {
			return true
		}
	}
	return false
}

func logging(t *testing.T, url string) (*bus.Bus, *log) {
	t.Helper()
	written := &log{}
	d := deps(t, "client")
	d.Log = slog.New(slog.NewTextHandler(written, nil))
	b, err := bus.Dial(d, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	eventually(t, "connected", b.Connected)
	return b, written
}

// A picky handler refuses the message with one id, with the error it has been given, and keeps what it saw.
type picky struct {
	refuses string
	mu      sync.Mutex
	fails   error
	tries   int
	good    []bus.Message
}

func (p *picky) handle(_ context.Context, m bus.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m.ID == p.refuses {
		p.tries++
		if p.fails != nil {
			return p.fails
		}
	}
	p.good = append(p.good, m)
	return nil
}

// one is a handler of whole batches.
func (p *picky) one(ctx context.Context, ms []bus.Message) error {
	for _, m := range ms {
		if err := p.handle(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (p *picky) fix() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fails = nil
}

func (p *picky) seen() (tries int, ids []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.good {
		ids = append(ids, m.ID)
	}
	slices.Sort(ids)
	return p.tries, slices.Compact(ids)
}

func (p *picky) has(ids ...string) func() bool {
	return func() bool { _, got := p.seen(); return slices.Equal(got, ids) }
}

func letters(t *testing.T, b *bus.Bus, durable string, want int) (found []bus.DeadLetter) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d dead letters of %s", want, durable), func() bool {
		var err error
		found, err = b.Dead(t.Context(), durable, 100)
		return err == nil && len(found) == want
	})
	return found
}

func settled(t *testing.T, b *bus.Bus, durable string) {
	t.Helper()
	eventually(t, "nothing is left for "+durable, func() bool {
		n, err := b.Pending(t.Context(), durable, everything())
		return err == nil && n == 0
	})
}

func publish(t *testing.T, b *bus.Bus, from, to int) {
	t.Helper()
	var ms []bus.Message
	for i := from; i <= to; i++ {
		ms = append(ms, message(i))
	}
	if err := b.Publish(t.Context(), ms...); err != nil {
		t.Fatal(err)
	}
}

// TestPoisonGoesAsideAtOnce: the batch goes on without it, whether the handler judges each message or all at once.
func TestPoisonGoesAsideAtOnce(t *testing.T) {
	t.Parallel()
	url, _ := broker(t, "127.0.0.1:0", t.TempDir())
	b, written := logging(t, url)
	publish(t, b, 1, 5)
	p := &picky{refuses: "m3", fails: fmt.Errorf("handle: %w", bus.Poison(errors.New("no such\nthing")))}
	q := &picky{refuses: "m3", fails: p.fails}
	r := &picky{refuses: "m3", fails: p.fails}
	begin := time.Now()
	running(t, b.Consume("each", everything(), p.handle).Run)
	running(t, b.ConsumeBatch("whole", everything(), 16, bus.Whole(q.one)).Run)
	running(t, b.ConsumeBatch("batch", everything(), 16, func(ctx context.Context, ms []bus.Message) []error {
		errs := make([]error, len(ms))
		for i, m := range ms {
			errs[i] = r.handle(ctx, m)
		}
		return errs
	}).Run)
	for durable, h := range map[string]*picky{"each": p, "whole": q, "batch": r} {
		l := letters(t, b, durable, 1)[0]
		if l.ID != "m3" || l.Subject != "shop.test.happened" || string(l.Data) != "3" || l.Deliveries != 1 || l.Replays != 0 ||
			l.Reason != "handle: no such thing" || l.Died.Before(begin) || time.Since(l.Died) < 0 {
			t.Errorf("%s: the dead letter says %+v", durable, l)
		}
		eventually(t, "the others are handled", h.has("m1", "m2", "m4", "m5"))
		settled(t, b, durable)
		if !written.has("level=ERROR", "buried", "consumer="+durable, "id=m3", "subject=shop.test.happened", "no such") {
			t.Errorf("%s: the log does not say it", durable)
		}
	}
	if tries, _ := p.seen(); tries != 1 {
		t.Errorf("poison was tried %d times", tries)
	}
	if deaths, err := b.Deaths(t.Context()); err != nil || len(deaths) != 3 || deaths["whole"] != 1 {
		t.Errorf("deaths %v (%v)", deaths, err)
	}
}

func TestUnknownFailureIsRetriedThenBuried(t *testing.T) {
	t.Parallel()
	url, _ := broker(t, "127.0.0.1:0", t.TempDir())
	b := dial(t, url)
	publish(t, b, 1, 2)
	p := &picky{refuses: "m1", fails: errors.New("who knows")}
	postponing := &picky{refuses: "m1", fails: bus.Later(errors.New("the store is away"))}
	running(t, b.Consume("stubborn", everything(), p.handle).Run)
	running(t, b.Consume("patient", everything(), postponing.handle).Run)
	eventually(t, "the next message is handled meanwhile", p.has("m2"))
	if tries, _ := p.seen(); tries >= 8 {
		t.Error("the next message waited for the one that fails")
	}
	l := letters(t, b, "stubborn", 1)[0]
	if tries, _ := p.seen(); tries != 8 || l.Deliveries != 8 {
		t.Errorf("tried %d times, buried after %d, want 8", tries, l.Deliveries)
	}
	settled(t, b, "stubborn")
	eventually(t, "what is put off comes more often than that", func() bool { tries, _ := postponing.seen(); return tries > 8 })
	postponing.fix()
	eventually(t, "what was put off is handled", postponing.has("m1", "m2"))
	letters(t, b, "patient", 0)
}

func TestReplay(t *testing.T) {
	t.Parallel()
	url, _ := broker(t, "127.0.0.1:0", t.TempDir())
	b := dial(t, url)
	publish(t, b, 1, 3)
	p := &picky{refuses: "m2", fails: bus.Poison(errors.New("not yet"))}
	other := &picky{}
	running(t, b.Consume("picky", everything(), p.handle).Run)
	running(t, b.Consume("other", everything(), other.handle).Run)
	letters(t, b, "picky", 1)
	if n, err := b.Replay(t.Context(), "picky", []string{"m1"}); n != 0 || err != nil {
		t.Errorf("played %d again that did not die (%v)", n, err)
	}
	if n, err := b.Replay(t.Context(), "picky", []string{"m2"}); n != 1 || err != nil {
		t.Fatalf("played %d again (%v)", n, err)
	}
	eventually(t, "it dies again", func() bool { tries, _ := p.seen(); return tries == 2 })
	if l := letters(t, b, "picky", 1)[0]; l.ID != "m2" || l.Subject != "shop.test.happened" || l.Replays != 1 {
		t.Errorf("the second time the dead letter says %+v", l)
	}
	p.fix()
	if n, err := b.Replay(t.Context(), "picky", nil); n != 1 || err != nil {
		t.Fatalf("played %d again (%v)", n, err)
	}
	eventually(t, "it is handled", p.has("m1", "m2", "m3"))
	letters(t, b, "picky", 0)
	settled(t, b, "picky")
	settled(t, b, "other")
	for _, m := range p.good {
		if m.ID == "m2" && (m.Subject != "shop.test.happened" || string(m.Data) != "2" || !m.Redelivered || m.Stored.IsZero()) {
			t.Errorf("played again it is %+v", m)
		}
	}
	if len(other.good) != 3 {
		t.Errorf("the other consumer got %d messages, want 3", len(other.good))
	}
	if n, err := b.Replay(t.Context(), "nobody", nil); err == nil {
		t.Errorf("played %d letters again to nobody", n)
	}
}

func TestDeadLettersAreListedOldestFirstAndBounded(t *testing.T) {
	t.Parallel()
	url, _ := broker(t, "127.0.0.1:0", t.TempDir())
	b := dial(t, url)
	publish(t, b, 1, 6)
	var handled atomic.Int64
	running(t, b.Consume("none", everything(), func(context.Context, bus.Message) error {
		handled.Add(1)
		return bus.Poison(errors.New("no"))
	}).Run)
	letters(t, b, "none", 6)
	found, err := b.Dead(t.Context(), "none", 4)
	if err != nil || len(found) != 4 {
		t.Fatalf("%d letters (%v)", len(found), err)
	}
	for i, l := range found {
		if l.ID != message(i+1).ID {
			t.Errorf("letter %d is %s", i, l.ID)
		}
	}
	if handled.Load() != 6 {
		t.Errorf("handled %d times", handled.Load())
	}
	if n, err := b.Replay(t.Context(), "none", []string{"m2", "m5"}); n != 2 || err != nil {
		t.Errorf("played %d again (%v)", n, err)
	}
}
