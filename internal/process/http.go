package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Serve returns the part that serves h on l: bounded headers and reads, and a shutdown that lets requests in flight finish.
func Serve(name string, l net.Listener, h http.Handler) Part {
	return Part{Name: name, Run: func(ctx context.Context) error {
		var silent silence
		base, hurry := context.WithCancel(context.WithoutCancel(ctx))
		defer hurry()
		server := &http.Server{
			BaseContext:       func(net.Listener) context.Context { return base },
			Handler:           h,
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       30 * time.Second,
			IdleTimeout:       120 * time.Second,
			ConnState:         silent.note,
			MaxHeaderBytes:    32 << 10,
		}
		failed := make(chan error, 1)
		go func() { failed <- server.Serve(l) }()
		select {
		case err := <-failed:
			return fmt.Errorf("serve on %s: %w", l.Addr(), err)
		case <-ctx.Done():
		}
		// The request to stop has come: ctx is over, the drain has its own bound. Whoever only waits for news is sent home halfway.
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
		defer cancel()
		defer time.AfterFunc(2*time.Second, hurry).Stop()
		silent.end()
		if err := server.Shutdown(drain); err != nil {
			return errors.Join(fmt.Errorf("drain %s: %w", name, err), server.Close())
		}
		return nil
	}}
}

// silence holds the connections on which nothing was ever asked: clients open them ahead of need, and a shutdown of net/http would wait
// five seconds for each.
type silence struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
	over  bool
}

// note is called by the server for every change of a connection.
func (s *silence) note(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(s.conns, c)
	case s.over:
		_ = c.Close() // it was accepted while we were leaving
	default:
		if s.conns == nil {
			s.conns = map[net.Conn]bool{}
		}
		s.conns[c] = true
	}
}

// end closes them; a client that was about to ask sees a connection that was closed before its request, and may try another.
func (s *silence) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	for c := range s.conns {
		_ = c.Close() // nobody has said anything on it
	}
}
