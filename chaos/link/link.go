package link

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
)

// A Toxic is one of toxiproxy's: latency, bandwidth, slicer, slow_close, timeout or limit_data.
type Toxic struct {
	Name       string // unique on the link
	Type       string
	Stream     string         // upstream: on what the caller sends; downstream: on what the callee answers
	Attributes map[string]any // as toxiproxy documents them; its latency is in whole milliseconds
}

// A Link is one door between a caller and a callee. Its methods may be called by several goroutines; changes wait for one another.
type Link struct {
	id       string
	target   string
	server   *toxiproxy.ApiServer
	watchdog time.Duration
	meter    meter
	turn     chan struct{}  // holds a token while the link is being changed
	running  sync.WaitGroup // accept loops, and connections until their toxics are empty

	// Probing is held for reading from the dial of a probe until its address is in probes, so that no probe is taken for traffic.
	probing sync.RWMutex

	mu     sync.Mutex
	listen string
	door   *door // nil while the link is down
	lane   *lane // nil while the link is down
	closed bool
	probes map[string]bool // addresses that probes call from
}

func open(ctx context.Context, server *toxiproxy.ApiServer, spec Spec) (*Link, error) {
	l := &Link{
		id: spec.ID, target: spec.Target, listen: spec.Listen, server: server,
		watchdog: Watchdog, turn: make(chan struct{}, 1), probes: map[string]bool{},
	}
	d, err := l.bind(ctx)
	if err != nil {
		return nil, l.fail("open", err)
	}
	l.listen = d.listener.Addr().String()
	if l.listen == l.target {
		return nil, l.fail("open", errors.Join(errors.New("it would call itself"), d.listener.Close()))
	}
	l.up(d)
	return l, nil
}

// ID names the link as the topology does.
func (l *Link) ID() string { return l.id }

// Listen returns the address to call instead of the callee's.
func (l *Link) Listen() string { return l.listen }

// Counts returns what has passed so far.
func (l *Link) Counts() Counts { return l.meter.counts() }

// Add puts a toxic on all connections, those that are open and those that come. The second toxic of a link hangs when a caller or callee
// has stopped reading behind the first. A change that does not come to its end is ErrWedged; the link is then healed, for nobody can know
// what state the toxics are in.
func (l *Link) Add(ctx context.Context, t Toxic) error {
	body, err := t.json()
	if err != nil {
		return l.fail("add "+t.Name+" to", err)
	}
	return l.change(ctx, "add "+t.Name+" to", func() error {
		l.mu.Lock()
		lane := l.lane
		l.mu.Unlock()
		if lane == nil {
			return ErrDown
		}
		added := make(chan error, 1) // outlives a wait that was given up
		go func() {
			_, err := lane.proxy.Toxics.AddToxicJson(bytes.NewReader(body))
			added <- err
		}()
		err := l.await(ctx, added)
		if err == nil {
			lane.loosen()
		}
		if errors.Is(err, ErrWedged) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			l.replace(l.fresh())
		}
		return err
	})
}

// Down refuses new connections and resets the open ones.
func (l *Link) Down(ctx context.Context) error {
	return l.change(ctx, "take down", func() error {
		l.mu.Lock()
		d := l.door
		l.door = nil
		l.mu.Unlock()
		defer l.replace(nil)
		if d == nil {
			return nil
		}
		return l.await(ctx, d.shut())
	})
}

// Heal replaces the proxy by a fresh one behind the same port: no toxics, and all connections of before are reset. It listens again when
// the link was down. Healing a sound link is no error.
func (l *Link) Heal(ctx context.Context) error {
	return l.change(ctx, "heal", func() error {
		l.mu.Lock()
		open := l.door != nil
		l.mu.Unlock()
		if open {
			l.replace(l.fresh())
			return nil
		}
		d, err := l.rebind(ctx)
		if err != nil {
			return err
		}
		l.up(d)
		return nil
	})
}

// close ends the link for good.
func (l *Link) close(ctx context.Context) error {
	return l.change(ctx, "close", func() error {
		l.mu.Lock()
		d := l.door
		l.door, l.closed = nil, true
		l.mu.Unlock()
		if d != nil {
			_ = d.shut() // the loop is one of those waited for below
		}
		l.replace(nil)
		ended := make(chan error)
		go func() { l.running.Wait(); close(ended) }()
		return l.await(ctx, ended)
	})
}

// change runs one change of the link at a time.
func (l *Link) change(ctx context.Context, what string, do func() error) error {
	timer := time.NewTimer(l.watchdog)
	defer timer.Stop()
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return l.fail(what, ctx.Err())
	case <-timer.C:
		return l.fail(what, ErrWedged)
	}
	defer func() { <-l.turn }()
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	if closed {
		return l.fail(what, ErrClosed)
	}
	return l.fail(what, do())
}

// await waits for an answer, but not longer than the watchdog.
func (l *Link) await(ctx context.Context, answer <-chan error) error {
	timer := time.NewTimer(l.watchdog)
	defer timer.Stop()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return ErrWedged
	}
}

func (l *Link) fail(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s link %s on %s: %w", what, l.id, l.listen, err)
}

func (l *Link) fresh() *lane {
	return newLane(toxiproxy.NewProxy(l.server, l.id, l.listen, l.target))
}

// replace sends new connections to another lane, or nowhere, and cuts those of the old one.
func (l *Link) replace(next *lane) {
	l.mu.Lock()
	old := l.lane
	l.lane = next
	l.mu.Unlock()
	if old != nil {
		l.meter.cut.Add(old.end())
	}
}

// up opens the link behind a door.
func (l *Link) up(d *door) {
	l.replace(l.fresh())
	l.mu.Lock()
	l.door = d
	l.mu.Unlock()
	l.running.Go(func() { d.accept(l.admit) })
}

func (l *Link) bind(ctx context.Context) (*door, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", l.listen)
	if err != nil {
		return nil, err
	}
	return &door{listener: listener.(*net.TCPListener), closing: make(chan struct{}), ended: make(chan error)}, nil
}

// rebind waits until the port is free: a connection that went out from it by chance while the link was down holds it for a moment.
func (l *Link) rebind(ctx context.Context) (*door, error) {
	bounded, cancel := context.WithTimeout(ctx, l.watchdog)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		d, err := l.bind(bounded)
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) {
			return d, err
		}
		select {
		case <-again.C:
		case <-bounded.Done():
			return nil, err
		}
	}
}

func (t Toxic) json() ([]byte, error) {
	if t.Type == "reset_peer" {
		return nil, errors.New("reset_peer does not reset connections that are open: take the link down instead")
	}
	if !slices.Contains([]string{"upstream", "downstream"}, t.Stream) {
		return nil, fmt.Errorf("stream %q: want upstream or downstream", t.Stream)
	}
	return json.Marshal(map[string]any{
		"name": t.Name, "type": t.Type, "stream": t.Stream, "toxicity": 1, "attributes": t.Attributes,
	})
}
