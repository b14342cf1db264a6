package link

import (
	"net"
	"sync"
	"sync/atomic"
)

// A half is one direction of a pair, both ends of it: what toxiproxy reads from and what it writes to.
type half struct {
	*pair
	from, to *net.TCPConn
	lane     *lane
	dry      atomic.Bool // nothing more comes from the source
	deaf     bool        // the destination takes nothing more

	mu     sync.Mutex
	room   *sync.Cond
	inside int // bytes that were read and not yet written
}

func newHalf(p *pair, from, to *net.TCPConn, n *lane) *half {
	h := &half{pair: p, from: from, to: to, lane: n}
	h.room = sync.NewCond(&h.mu)
	return h
}

// Read gives toxiproxy the next bytes, and without toxics only when it has none: a stage that waits for a destination which takes nothing
// cannot be interrupted, and then no toxic can be added either.
func (h *half) Read(b []byte) (int, error) {
	h.mu.Lock()
	for h.inside > 0 && !h.lane.toxic.Load() {
		h.room.Wait()
	}
	h.mu.Unlock()
	n, err := h.from.Read(b)
	if n > 0 && h.meter != nil {
		h.meter.passed(h, int64(n))
	}
	if err != nil {
		h.dry.Store(true)
	}
	h.mu.Lock()
	h.inside += n
	h.mu.Unlock()
	return n, err
}

// Write never fails: a toxic that nobody reads from any more would hold its goroutines for ever.
func (h *half) Write(b []byte) (int, error) {
	defer h.wrote(len(b))
	if h.deaf {
		return len(b), nil
	}
	if _, err := h.to.Write(b); err != nil {
		h.deaf = true
		reset(h.from) // the source learns that nobody listens, and the toxics run empty
		reset(h.to)
	}
	return len(b), nil
}

// wrote makes room; with none it has a reader look again.
func (h *half) wrote(n int) {
	h.mu.Lock()
	h.inside -= n
	h.mu.Unlock()
	h.room.Signal()
}

// Close is called when the toxics are empty.
func (h *half) Close() error {
	if h.dry.Load() {
		_ = h.to.CloseWrite() // the other direction may still have something to say
	} else {
		_, _ = h.from.Close(), h.to.Close() // a toxic ended it
	}
	if h.ended.Add(1) == 2 {
		_, _ = h.caller.Close(), h.callee.Close()
		h.done()
	}
	return nil
}

// reset ends a connection at once, and tells the other side so.
func reset(c *net.TCPConn) {
	if c == nil {
		return
	}
	_ = c.SetLinger(0) // it fails only when the connection is closed already
	_ = c.Close()
}
