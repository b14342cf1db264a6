package link

import (
	"context"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/stream"
)

// dialBound is how long a callee may take to accept a connection.
const dialBound = 5 * time.Second

// A lane is the connections that share one set of toxics. It is never mended, it is replaced.
type lane struct {
	proxy *toxiproxy.Proxy // holds the toxics; it is never started
	open  context.Context  // ends when the lane is cut
	cut   context.CancelFunc
	toxic atomic.Bool // toxics were added

	mu    sync.Mutex
	count int
	pairs map[*pair]bool
}

func newLane(proxy *toxiproxy.Proxy) *lane {
	n := &lane{proxy: proxy, pairs: map[*pair]bool{}}
	n.open, n.cut = context.WithCancel(context.Background())
	return n
}

// join takes a pair in and names it, unless the lane has been cut.
func (n *lane) join(p *pair) (name string, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.open.Err() != nil {
		return "", false
	}
	n.count++
	n.pairs[p] = true
	return strconv.Itoa(n.count), true
}

func (n *lane) leave(p *pair) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.pairs, p)
}

// attach gives a pair its callee, unless the lane has been cut meanwhile.
func (n *lane) attach(p *pair, callee *net.TCPConn) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.open.Err() != nil {
		return false
	}
	p.callee = callee
	p.up = newHalf(p, p.caller, callee, n)
	p.down = newHalf(p, callee, p.caller, n)
	return true
}

// loosen lets the directions run ahead, as a toxic needs that holds bytes back.
func (n *lane) loosen() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.toxic.Store(true)
	for p := range n.pairs {
		if p.callee != nil {
			p.up.wrote(0)
			p.down.wrote(0)
		}
	}
}

// end resets all connections and returns how many of them carried traffic.
func (n *lane) end() (traffic int64) {
	defer n.loosen() // what a toxic has dropped is not waited for
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut()
	for p := range n.pairs {
		if p.counted.Load() {
			traffic++
		}
		reset(p.caller)
		reset(p.callee)
	}
	return traffic
}

// admit serves a connection that came in.
func (l *Link) admit(caller *net.TCPConn) {
	l.running.Add(1)
	go func() {
		l.probing.Lock() // until a probe that just dialed has said so
		l.mu.Lock()
		lane, probe := l.lane, l.probes[caller.RemoteAddr().String()]
		l.mu.Unlock()
		l.probing.Unlock()
		p := &pair{caller: caller, meter: &l.meter}
		if probe {
			p.meter = nil
		}
		if lane == nil || !p.connect(lane, l) {
			reset(caller)
			l.running.Done()
		}
	}()
}

// A pair is a connection from the caller and the one to the callee that belongs to it.
type pair struct {
	caller, callee *net.TCPConn
	up, down       *half
	meter          *meter // nil for a probe
	counted        atomic.Bool
	ended          atomic.Int32 // directions that have ended
	done           func()
}

// connect dials the callee and lets the bytes run; false when there is no callee or the lane was cut.
func (p *pair) connect(n *lane, l *Link) bool {
	name, ok := n.join(p)
	if !ok {
		return false
	}
	dialer := net.Dialer{Timeout: dialBound}
	conn, err := dialer.DialContext(n.open, "tcp", l.target)
	if err != nil {
		n.leave(p)
		return false
	}
	callee := conn.(*net.TCPConn)
	if !n.attach(p, callee) {
		reset(callee)
		n.leave(p)
		return false
	}
	p.done = func() { n.leave(p); l.running.Done() }
	up, down := p.up, p.down
	n.proxy.Toxics.StartLink(l.server, name+" up", up, up, stream.Upstream)
	n.proxy.Toxics.StartLink(l.server, name+" down", down, down, stream.Downstream)
	return true
}
