package link_test

import (
	"bufio"
	"context"
	"errors"
	"figlab/chaos/link"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

func TestProbe(t *testing.T) {
	t.Parallel()
	l := opened(t, shop(t))
	rtt, err := l.Probe(t.Context())
	if err != nil || rtt <= 0 {
		t.Fatalf("%s, %v", rtt, err)
	}
	if got := l.Counts(); got != (link.Counts{}) {
		t.Errorf("a probe was taken for traffic: %+v", got)
	}
	if err := l.Add(t.Context(), latency("upstream")); err != nil {
		t.Fatal(err)
	}
	if slow, err := l.Probe(t.Context()); err != nil || slow < delay {
		t.Errorf("%s under a delay of %s: %v", slow, delay, err)
	}
}

// TestProbeOfABroker: it greets first and speaks no HTTP; the round trip ends at its refusal, not at the greeting.
func TestProbeOfABroker(t *testing.T) {
	t.Parallel()
	l := opened(t, serve(t, func(c net.Conn) {
		_, _ = io.WriteString(c, "INFO {\"server_id\":\"n\"}\r\n")
		if _, err := bufio.NewReader(c).ReadString('\n'); err == nil {
			_, _ = io.WriteString(c, "-ERR 'Unknown Protocol Operation'\r\n")
		}
	}))
	if err := l.Add(t.Context(), latency("upstream")); err != nil {
		t.Fatal(err)
	}
	if rtt, err := l.Probe(t.Context()); err != nil || rtt < delay {
		t.Errorf("%s under a delay of %s: %v", rtt, delay, err)
	}
}

// TestProbeOfNobody: the link listens, and that alone is no answer.
func TestProbeOfNobody(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := opened(t, gone.Addr().String())
	_ = gone.Close()
	if _, err := l.Probe(t.Context()); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("no callee: %v", err)
	}
	silent := opened(t, serve(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := silent.Probe(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a callee that says nothing: %v", err)
	}
}
