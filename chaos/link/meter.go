package link

import "sync/atomic"

// Counts say what has passed a link since it was opened, through all its healings. Probes are not in them.
type Counts struct {
	Connections int64 // that carried at least a byte
	BytesUp     int64 // that came from the caller
	BytesDown   int64 // that came from the callee
	Cut         int64 // connections that had carried something when the link was taken down, healed or closed under them
}

type meter struct{ connections, up, down, cut atomic.Int64 }

func (m *meter) counts() Counts {
	return Counts{m.connections.Load(), m.up.Load(), m.down.Load(), m.cut.Load()}
}

// passed counts bytes as they arrive: what a toxic then holds back or drops has been there all the same.
func (m *meter) passed(h *half, n int64) {
	if h.counted.CompareAndSwap(false, true) {
		m.connections.Add(1)
	}
	if h == h.down {
		m.down.Add(n)
		return
	}
	m.up.Add(n)
}
