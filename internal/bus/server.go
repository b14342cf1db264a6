package bus

import (
	"context"
	"errors"
	"figlab/internal/process"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// ServerConfig of the embedded broker.
type ServerConfig struct {
	Listen     string // host:port on loopback
	Data       string // folder of the streams
	SyncAlways bool   // fsync before acknowledging
	MaxMemory  int64  // bytes of memory for streams; 0 means 64 MiB
	MaxStore   int64  // bytes of disk for streams; 0 means 2 GiB
}

// A Server is the embedded broker.
type Server struct {
	nats *server.Server
	addr string
}

// NewServer starts the broker's storage; it serves once Run runs.
func NewServer(c ServerConfig, deps process.Deps) (*Server, error) {
	host, portText, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("broker: listen on %q: %w", c.Listen, err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("broker: listen on %q: %w", c.Listen, err)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	if err := os.MkdirAll(c.Data, 0o755); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	n, err := server.NewServer(&server.Options{
		ServerName: deps.Name, Host: host, Port: port, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: c.Data, SyncAlways: c.SyncAlways,
		JetStreamMaxMemory: orElse(c.MaxMemory, 64<<20), JetStreamMaxStore: orElse(c.MaxStore, 2<<30),
		WriteDeadline: 5 * time.Second, MaxPayload: 1 << 20,
	})
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	n.Start()
	if !n.ReadyForConnections(10 * time.Second) {
		n.Shutdown()
		return nil, errors.New("broker: does not accept connections: is the port in use?")
	}
	return &Server{nats: n, addr: n.Addr().String()}, nil
}

// URL is what clients dial.
func (s *Server) URL() string { return "nats://" + s.addr }

// Addr is host:port.
func (s *Server) Addr() string { return s.addr }

// Run serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	<-ctx.Done()
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
	return nil
}

func orElse(v, other int64) int64 {
	if v == 0 {
		return other
	}
	return v
}
