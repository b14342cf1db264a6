package bus

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A signalling message counts how often the broker was told that it is being worked on.
type signalling struct {
	jetstream.Msg

	told atomic.Int64
}

func (s *signalling) InProgress() error { s.told.Add(1); return nil }

// TestHold: a handler may take longer than the broker waits for an ack; the broker hears of it in time, and no more afterwards.
func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m signalling
		done := hold([]received{{Msg: &m}})
		for range 5 {
			before := m.told.Load()
			time.Sleep(ackWait - time.Second)
			if m.told.Load() == before {
				t.Fatal("the broker would give the message to somebody else")
			}
		}
		done()
		told := m.told.Load()
		time.Sleep(time.Minute)
		if m.told.Load() != told {
			t.Error("the message is held though the handler has returned")
		}
		hold([]received{{Msg: &m}})()
		time.Sleep(time.Minute)
		if m.told.Load() != told {
			t.Error("a quick handler costs a signal")
		}
	})
}
