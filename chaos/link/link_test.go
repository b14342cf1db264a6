package link_test

import (
	"bufio"
	"context"
	"errors"
	"figlab/chaos/link"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	name  = "gateway->cart-1"
	delay = 120 * time.Millisecond
)

// opened returns a link to a target, on a port of its own.
func opened(t testing.TB, target string) *link.Link {
	t.Helper()
	s, err := link.Open(t.Context(), []link.Spec{{ID: name, Listen: "127.0.0.1:0", Target: target}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	l, ok := s.Link(name)
	if !ok || l.ID() != name {
		t.Fatalf("no link %s in %v", name, s.IDs())
	}
	return l
}

// serve runs a callee that works on every connection until that ends.
func serve(t testing.TB, work func(net.Conn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				work(c)
			}()
		}
	}()
	return listener.Addr().String()
}

func echo(t testing.TB) (address string) {
	return serve(t, func(c net.Conn) { _, _ = io.Copy(c, c) })
}

func shop(t testing.TB) (address string) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func dial(t testing.TB, l *link.Link) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Listen())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// ping times a round trip of one line over an open connection.
func ping(t testing.TB, c net.Conn) time.Duration {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	start := time.Now()
	if _, err := io.WriteString(c, "ping\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line != "ping\n" {
		t.Fatalf("echo %q: %v", line, err)
	}
	return time.Since(start)
}

func latency(stream string) link.Toxic {
	return link.Toxic{
		Name: "slow " + stream, Type: "latency", Stream: stream,
		Attributes: map[string]any{"latency": delay.Milliseconds()},
	}
}

func TestLatencyActsOnOpenAndNewConnectionsInBothDirections(t *testing.T) {
	for _, stream := range []string{"upstream", "downstream"} {
		t.Run(stream, func(t *testing.T) {
			t.Parallel()
			l := opened(t, echo(t))
			kept := dial(t, l)
			if rtt := ping(t, kept); rtt >= delay {
				t.Fatalf("%s before the fault", rtt)
			}
			if err := l.Add(t.Context(), latency(stream)); err != nil {
				t.Fatal(err)
			}
			if rtt := ping(t, kept); rtt < delay {
				t.Errorf("the kept connection takes %s", rtt)
			}
			if rtt := ping(t, dial(t, l)); rtt < delay {
				t.Errorf("a new connection takes %s", rtt)
			}
			if err := l.Heal(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := kept.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("after the heal the kept connection says %v", err)
			}
			if rtt := ping(t, dial(t, l)); rtt >= delay {
				t.Errorf("%s after the heal", rtt)
			}
		})
	}
}

func TestDownRefusesAndCuts(t *testing.T) {
	l := opened(t, echo(t))
	kept := dial(t, l)
	ping(t, kept)
	for range 2 { // again is no error
		if err := l.Down(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := kept.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the kept connection says %v", err)
	}
	if _, err := net.Dial("tcp", l.Listen()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a new connection: %v", err)
	}
	if _, err := l.Probe(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a probe: %v", err)
	}
	if err := l.Add(t.Context(), latency("upstream")); !errors.Is(err, link.ErrDown) {
		t.Errorf("a toxic on a link that is down: %v", err)
	}
	for range 2 {
		if err := l.Heal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ping(t, dial(t, l))
	if got, want := l.Counts(), (link.Counts{Connections: 2, BytesUp: 10, BytesDown: 10, Cut: 1}); got != want {
		t.Errorf("counts over the heals: %+v, want %+v", got, want)
	}
}

// TestHealIsNotHeldUpByAHotStream: the callee streams through a delay into a caller that has died. Removing the toxic would hang here.
func TestHealIsNotHeldUpByAHotStream(t *testing.T) {
	l, stopped := hot(t)
	start := time.Now()
	if err := l.Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the heal took %s", took)
	}
	waitFor(t, stopped)
}

// TestADelayIsNoBottleneck: what is sent one after the other arrives one after the other, all of it one delay later.
func TestADelayIsNoBottleneck(t *testing.T) {
	l := opened(t, echo(t))
	c := dial(t, l)
	ping(t, c)
	if err := l.Add(t.Context(), latency("upstream")); err != nil {
		t.Fatal(err)
	}
	const lines = 6
	start := time.Now()
	for i := range int64(lines) {
		if _, err := io.WriteString(c, "ping\n"); err != nil {
			t.Fatal(err)
		}
		for l.Counts().BytesUp < 5*(i+2) {
			runtime.Gosched()
		}
	}
	if _, err := io.ReadFull(c, make([]byte, 5*lines)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > lines/2*delay {
		t.Errorf("%d lines took %s under a delay of %s", lines, took, delay)
	}
}

// TestAddUnderPressure: the caller reads nothing, so that everything behind it is full. A toxic is put on all the same.
func TestAddUnderPressure(t *testing.T) {
	l := opened(t, serve(t, func(c net.Conn) {
		for err := error(nil); err == nil; {
			_, err = c.Write(make([]byte, 64<<10))
		}
	}))
	dial(t, l)
	full := time.NewTicker(100 * time.Millisecond)
	defer full.Stop()
	for last := int64(-1); last == 0 || last != l.Counts().BytesDown; <-full.C {
		last = l.Counts().BytesDown
	}
	if err := l.Add(t.Context(), latency("downstream")); err != nil {
		t.Fatal(err)
	}
	if err := l.Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestTheCalleeLearnsThatTheCallerDied although a delay stands between them.
func TestTheCalleeLearnsThatTheCallerDied(t *testing.T) {
	_, stopped := hot(t)
	waitFor(t, stopped)
}

// hot returns a link with a delay downstream, on which a callee streams and whose caller has just died.
func hot(t *testing.T) (l *link.Link, stopped <-chan error) {
	t.Helper()
	streamed := make(chan error, 1)
	l = opened(t, serve(t, func(c net.Conn) {
		var err error
		for block := make([]byte, 32<<10); err == nil; {
			_, err = c.Write(block)
		}
		streamed <- err
	}))
	c := dial(t, l)
	if err := l.Add(t.Context(), latency("downstream")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return l, streamed
}

func waitFor(t *testing.T, stopped <-chan error) {
	t.Helper()
	select {
	case err := <-stopped:
		if err == nil {
			t.Error("the callee stopped by itself")
		}
	case <-time.After(10 * time.Second):
		t.Error("the callee still streams to nobody")
	}
}

// TestWedged: a proxy that hangs is abandoned under the watchdog, and the link works again with a fresh one.
func TestWedged(t *testing.T) {
	l := opened(t, echo(t))
	kept := dial(t, l)
	ping(t, kept)
	l.Bound(50 * time.Millisecond)
	release := l.Wedge()
	defer release()
	err := l.Add(t.Context(), latency("upstream"))
	if !errors.Is(err, link.ErrWedged) || !strings.Contains(err.Error(), name) {
		t.Fatalf("the watchdog says %v", err)
	}
	ping(t, dial(t, l))
	if err := l.Heal(t.Context()); err != nil {
		t.Error(err)
	}
	if err := l.Down(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestAddIsGivenUp: whoever no longer waits for a toxic gets a link without it.
func TestAddIsGivenUp(t *testing.T) {
	l := opened(t, echo(t))
	release := l.Wedge()
	defer release()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := l.Add(ctx, latency("upstream")); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if rtt := ping(t, dial(t, l)); rtt >= delay {
		t.Errorf("%s without the toxic", rtt)
	}
}

// TestPortLostWhileDown: somebody else listens on the port for a moment.
func TestPortLostWhileDown(t *testing.T) {
	l := opened(t, echo(t))
	if err := l.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	other, err := net.Listen("tcp", l.Listen())
	if err != nil {
		t.Fatal(err)
	}
	l.Bound(50 * time.Millisecond)
	if err := l.Heal(t.Context()); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), name) {
		t.Errorf("healed without a port: %v", err)
	}
	l.Bound(10 * time.Second)
	defer time.AfterFunc(50*time.Millisecond, func() { _ = other.Close() }).Stop()
	if err := l.Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	ping(t, dial(t, l))
}

func TestToxicsThatCannotBe(t *testing.T) {
	l := opened(t, echo(t))
	for why, toxic := range map[string]link.Toxic{
		"want upstream or downstream": {Name: "a", Type: "latency", Stream: "sideways"},
		"reset_peer":                  {Name: "a", Type: "reset_peer", Stream: "upstream"},
		"toxic type":                  {Name: "a", Type: "rain", Stream: "upstream"},
	} {
		if err := l.Add(t.Context(), toxic); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%+v: %v", toxic, err)
		}
	}
}

func TestHalfClosedConnection(t *testing.T) {
	l := opened(t, serve(t, func(c net.Conn) {
		said, _ := io.ReadAll(c) // up to the end of what the caller has to say
		_, _ = c.Write(said)
	}))
	c := dial(t, l)
	if _, err := io.WriteString(c, "all of it"); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if back, err := io.ReadAll(c); err != nil || string(back) != "all of it" {
		t.Errorf("%q, %v", back, err)
	}
}
