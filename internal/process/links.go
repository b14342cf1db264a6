package process

import (
	"context"
	"fmt"
	"net"
	"strings"
)

// Links sends calls over proxies: the address somebody has → the address to dial instead. A chaos link stands on each such address, so
// that a process finds others by their real address and still calls them over the link that belongs to this ordered pair.
type Links map[string]string

// Set parses "real=via"; with String it makes Links a repeatable flag.
func (l Links) Set(s string) error {
	host, via, ok := strings.Cut(s, "=")
	if !ok || host == "" || via == "" {
		return fmt.Errorf("link %q: want real=via, two host:port addresses", s)
	}
	l[host] = via
	return nil
}

func (l Links) String() string { return fmt.Sprint(map[string]string(l)) }

// Type names the flag's value for help texts.
func (l Links) Type() string { return "real=via" }

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

func (l Links) dialer(dial dialFunc) dialFunc {
	if len(l) == 0 {
		return dial
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if via, ok := l[address]; ok {
			address = via
		}
		return dial(ctx, network, address)
	}
}
