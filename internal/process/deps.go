package process

import (
	"context"
	"crypto/rand"
	"figlab/shop"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Deps are the parts of the world a process may touch.
type Deps struct {
	Name   string // the instance, e.g. "monolith" or "catalog-1"
	Now    func() time.Time
	IDs    IDs
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Listen func(network, address string) (net.Listener, error)
	Log    *slog.Logger
}

// Real returns the deps of a real process: the machine's clock and network, calls going over the links, logs as JSON to w.
func Real(name string, links Links, w io.Writer) Deps {
	dialer := &net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}
	return Deps{
		Name:   name,
		Now:    time.Now,
		IDs:    IDs{Now: time.Now, Random: rand.Reader},
		Dial:   links.dialer(dialer.DialContext),
		Listen: net.Listen,
		Log:    slog.New(slog.NewJSONHandler(w, nil)).With("process", name),
	}
}

// IDs makes UUIDv7 from a clock and a source of randomness; both are replaced to make a run repeatable.
type IDs struct {
	Now    func() time.Time
	Random io.Reader
}

// New returns a fresh id. A source of randomness that fails leaves nothing sensible to do, so it panics.
func (i IDs) New() string {
	var random [10]byte
	if _, err := io.ReadFull(i.Random, random[:]); err != nil {
		panic("process: no randomness: " + err.Error())
	}
	return shop.NewID(i.Now(), random)
}

// Client returns an HTTP client that dials through d, keeps connections to each host, and gives up after timeout (0: only the context
// limits it).
func (d Deps) Client(timeout time.Duration) *http.Client {
	return &http.Client{Transport: d.Transport(), Timeout: timeout}
}

// Transport returns an HTTP transport for calls between processes. The default one keeps two idle connections per host, which makes a
// proxy several times slower; this one keeps enough for every caller of a small machine.
func (d Deps) Transport() *http.Transport {
	return &http.Transport{
		DialContext:           d.Dial,
		MaxIdleConns:          1024,
		MaxIdleConnsPerHost:   256,
		IdleConnTimeout:       60 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		DisableCompression:    true,
	}
}
