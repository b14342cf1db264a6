package registry

import (
	"context"
	"errors"
	"figlab/internal/process"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A shelf is a bucket that counts.
type shelf struct {
	jetstream.KeyValue

	puts, deletes atomic.Int64
	stands        atomic.Bool
	hangs         atomic.Bool // until the caller gives up
}

func (s *shelf) Put(ctx context.Context, _ string, _ []byte) (uint64, error) {
	s.puts.Add(1)
	s.stands.Store(true)
	if s.hangs.Load() {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return 1, nil
}

func (s *shelf) Delete(ctx context.Context, _ string, _ ...jetstream.KVDeleteOpt) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.deletes.Add(1)
	s.stands.Store(false)
	return nil
}

// held runs a lease on a shelf in virtual time.
func held(t *testing.T, healthy func() error, then func(s *shelf, stop func())) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		r := &Registry{deps: process.Real("holder", nil, io.Discard), kv: s}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Lease(Instance{Service: "catalog", Name: "catalog-1"}, healthy).Run(ctx) }()
		stop := func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		defer stop()
		defer func() { done <- nil }()
		then(s, stop)
	})
}

func TestLeaseFollowsHealth(t *testing.T) {
	var sick atomic.Bool
	sick.Store(true)
	healthy := func() error {
		if sick.Load() {
			return errors.New("no database")
		}
		return nil
	}
	held(t, healthy, func(s *shelf, _ func()) {
		time.Sleep(10 * time.Second)
		if s.puts.Load()+s.deletes.Load() != 0 {
			t.Error("registered before it was healthy")
		}
		sick.Store(false)
		time.Sleep(again + time.Millisecond)
		if !s.stands.Load() {
			t.Fatal("not registered as soon as it was healthy")
		}
		sick.Store(true) // for one beat
		time.Sleep(Beat + Beat/2)
		sick.Store(false)
		puts := s.puts.Load()
		time.Sleep(Beat)
		if s.deletes.Load() != 0 || s.puts.Load() != puts+1 {
			t.Error("one bad beat took the entry back")
		}
		sick.Store(true)
		puts = s.puts.Load()
		time.Sleep(2*Beat + Beat/2)
		if s.stands.Load() || s.deletes.Load() != 1 || s.puts.Load() != puts {
			t.Errorf("after two bad beats: stands %v, %d taken back, %d renewed", s.stands.Load(), s.deletes.Load(), s.puts.Load()-puts)
		}
		time.Sleep(10 * Beat)
		sick.Store(false)
		time.Sleep(again + time.Millisecond)
		if !s.stands.Load() || s.deletes.Load() != 1 {
			t.Error("not put again when it was healthy")
		}
	})
}

// TestDrain: the entry is taken back at once, also when the lease is being renewed just then.
func TestDrain(t *testing.T) {
	for _, hangs := range []bool{false, true} {
		held(t, nil, func(s *shelf, stop func()) {
			time.Sleep(3*Beat + Beat/2)
			if s.puts.Load() != 4 {
				t.Errorf("renewed %d times in 3.5 beats", s.puts.Load())
			}
			s.hangs.Store(hangs)
			time.Sleep(Beat)
			began := time.Now()
			stop()
			if s.stands.Load() || time.Since(began) != 0 {
				t.Errorf("hanging %v: stands %v after %s", hangs, s.stands.Load(), time.Since(began))
			}
		})
	}
}

func TestNames(t *testing.T) {
	r := &Registry{deps: process.Real("holder", nil, io.Discard), kv: &shelf{}}
	for _, bad := range []Instance{
		{Service: "catalog", Name: "catalog.1"},
		{Service: "cat alog", Name: "catalog-1"},
		{Service: "*", Name: "x"},
		{Service: "catalog"},
		{Name: "catalog-1"},
		{Service: "catalog", Name: "a>"},
	} {
		if err := r.Lease(bad, nil).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "use letters") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if err := r.Watch("cat.alog").Part().Run(t.Context()); err == nil {
		t.Error("a service with a dot is watched")
	}
}
