package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Serve returns the part that serves h on l: bounded headers and reads, and a shutdown that lets requests in flight finish.
func Serve(name string, l net.Listener, h http.Handler) Part {
	return Part{Name: name, Run: func(ctx context.Context) error {
		base, hurry := context.WithCancel(context.WithoutCancel(ctx))
		defer hurry()
		server := &http.Server{
			BaseContext:       func(net.Listener) context.Context { return base },
			Handler:           h,
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       30 * time.Second,
			IdleTimeout:       120 * time.Second,
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
		if err := server.Shutdown(drain); err != nil {
			return errors.Join(fmt.Errorf("drain %s: %w", name, err), server.Close())
		}
		return nil
	}}
}
