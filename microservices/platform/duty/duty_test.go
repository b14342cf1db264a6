package duty_test

import (
	"context"
	"figlab/internal/process"
	"figlab/microservices/platform/duty"
	"figlab/microservices/platform/store"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"
)

// replica is one of several processes that could do a duty.
type replica struct {
	name  string
	doing atomic.Int64
	stop  func()
}

func start(t *testing.T, dir, name string, ahead time.Duration) *replica {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Kind: store.SQLite, Dir: dir, Name: "d", Migrations: fstest.MapFS{}})
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{name: name}
	deps := process.Deps{Name: name, Now: func() time.Time { return time.Now().Add(ahead) }, Log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() {
		done <- duty.Part(db, deps, "sweep", process.Part{Name: "sweeper", Run: func(ctx context.Context) error {
			r.doing.Add(1)
			defer r.doing.Add(-1)
			<-ctx.Done()
			return nil
		}}).Run(ctx)
	}()
	var ended atomic.Bool
	r.stop = func() {
		if ended.Swap(true) {
			return
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(r.stop)
	return r
}

func (r *replica) busy() bool { return r.doing.Load() == 1 }

// TestOneDoesIt: of two replicas one does it; when it stops the other one follows at its next look.
func TestOneDoesIt(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir, "first", 0)
	until(t, first.busy)
	second := start(t, dir, "second", 0)
	time.Sleep(200 * time.Millisecond)
	if second.busy() {
		t.Fatal("both do it")
	}
	first.stop()
	until(t, second.busy)
}

// TestHolderIsGone: a holder whose term is over is followed, and stops when it sees that.
func TestHolderIsGone(t *testing.T) {
	dir := t.TempDir()
	asleep := start(t, dir, "asleep", 0)
	until(t, asleep.busy)
	late := start(t, dir, "late", time.Hour) // by its clock the term is long over
	until(t, late.busy)
	until(t, func() bool { return !asleep.busy() })
}

func until(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never")
		}
	}
}
