package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"syscall"
)

// The ports that are handed out. They lie below 32768, where Linux begins to give ports to outgoing connections: a process that is down
// for a while must find its own port free when it comes back, and toxiproxy refuses to promise that for any other.
const (
	firstPort = 20_000
	lastPort  = 29_999
)

// ErrNoPort is returned when every port of the range is taken.
var ErrNoPort = errors.New("no free port from 20000 to 29999 on 127.0.0.1: stop other labs, or what else listens there")

// Ports hands out loopback addresses and never the same twice, so that addresses can be fixed before anything listens on them. Two labs on
// one machine begin at different ports, but only binding is proof: see Bindable.
type Ports struct {
	mu   sync.Mutex
	next int
	left int
}

// NewPorts returns ports that begin somewhere in the range.
func NewPorts() *Ports {
	size := lastPort - firstPort + 1
	return &Ports{next: rand.IntN(size), left: size}
}

// Free returns one more free address on 127.0.0.1.
func (p *Ports) Free(ctx context.Context) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.left > 0 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+p.next))
		p.next = (p.next + 1) % (lastPort - firstPort + 1)
		p.left--
		switch err := Bindable(ctx, address); {
		case err == nil:
			return address, nil
		case !errors.Is(err, ErrPortTaken):
			return "", err
		}
	}
	return "", ErrNoPort
}

// Bindable says why nothing can be bound to an address now, or nil. A taken port is ErrPortTaken, and the text names the remedy.
func Bindable(ctx context.Context, address string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(address) // it was good enough to be tried
		return fmt.Errorf("%s %w: stop it (ss -ltnp 'sport = :%s' names it) or choose another address", address, ErrPortTaken, port)
	}
	if err != nil {
		return fmt.Errorf("try %s: %w", address, err)
	}
	return l.Close()
}
