package link

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Probe sends a small request over a connection of its own and returns the time from sending it to the first line of the answer. That a
// connection opens would prove nothing: the link accepts it whether or not there is a callee. Any answer to HTTP counts, also that of a
// callee which speaks another protocol and says so. It waits no longer than the watchdog; a refused connection is ECONNREFUSED.
func (l *Link) Probe(ctx context.Context) (rtt time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.watchdog)
	defer cancel()
	conn, done, err := l.call(ctx)
	if err != nil {
		return 0, l.fail("probe", err)
	}
	defer done()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // whoever waits on it is told so
	start := time.Now()
	if err := ask(conn, l.target); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return 0, l.fail("probe", err)
	}
	return time.Since(start), nil
}

// call opens a connection that the link knows for a probe.
func (l *Link) call(ctx context.Context) (conn net.Conn, done func(), err error) {
	l.probing.RLock()
	defer l.probing.RUnlock()
	var dialer net.Dialer
	conn, err = dialer.DialContext(ctx, "tcp", l.listen)
	if err != nil {
		return nil, nil, err
	}
	from := conn.LocalAddr().String()
	l.mu.Lock()
	l.probes[from] = true
	l.mu.Unlock()
	return conn, func() {
		_ = conn.Close() // the answer has come, or none will
		l.mu.Lock()
		delete(l.probes, from)
		l.mu.Unlock()
	}, nil
}

// ask sends the request and reads up to the line that answers it. A NATS server greets with one line before, and refuses with -ERR.
func ask(conn io.ReadWriter, host string) error {
	const request = "HEAD /healthz HTTP/1.1\r\nHost: %s\r\nUser-Agent: figlab-probe\r\nConnection: close\r\n\r\n"
	if _, err := fmt.Fprintf(conn, request, host); err != nil {
		return err
	}
	lines := bufio.NewScanner(io.LimitReader(conn, 64<<10))
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "HTTP/") || strings.HasPrefix(lines.Text(), "-ERR") {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return errors.New("the connection ended without an answer")
}
