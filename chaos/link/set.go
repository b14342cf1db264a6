package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Watchdog bounds every change of a link. What takes longer is ErrWedged.
const Watchdog = 10 * time.Second

var (
	// ErrWedged is returned when a change of a link did not come to its end. It is a failure of the harness.
	ErrWedged = errors.New("wedged: no end within the watchdog")
	// ErrDown is returned when a toxic is added to a link that is down.
	ErrDown = errors.New("the link is down")
	// ErrClosed is returned for a link whose set was closed.
	ErrClosed = errors.New("the link is closed")
)

// A Spec says where a link listens and whom it calls, both as host:port. With port 0 the system chooses one, which then stays.
type Spec struct {
	ID, Listen, Target string
}

// A Set is the links of one run.
type Set struct {
	ids   []string
	links map[string]*Link
	once  sync.Once
	err   error
}

// Open returns the links, all listening. After an error none is left open; the error names the link and the address.
func Open(ctx context.Context, specs []Spec) (*Set, error) {
	// The bandwidth toxic writes a line for every connection to the one logger of the whole process.
	if zerolog.GlobalLevel() < zerolog.InfoLevel {
		zerolog.SetGlobalLevel(zerolog.InfoLevel)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	s := &Set{links: map[string]*Link{}}
	for _, spec := range specs {
		l, err := s.open(ctx, server, spec)
		if err != nil {
			return nil, errors.Join(err, s.Close(context.WithoutCancel(ctx)))
		}
		s.ids = append(s.ids, spec.ID)
		s.links[spec.ID] = l
	}
	return s, nil
}

func (s *Set) open(ctx context.Context, server *toxiproxy.ApiServer, spec Spec) (*Link, error) {
	if spec.ID == "" {
		return nil, fmt.Errorf("open a link on %s: it has no id", spec.Listen)
	}
	if _, twice := s.links[spec.ID]; twice {
		return nil, fmt.Errorf("open link %s: the id is taken", spec.ID)
	}
	if _, _, err := net.SplitHostPort(spec.Target); err != nil {
		return nil, fmt.Errorf("open link %s: target: %w", spec.ID, err)
	}
	return open(ctx, server, spec)
}

// Link finds a link by its id.
func (s *Set) Link(id string) (*Link, bool) {
	l, ok := s.links[id]
	return l, ok
}

// IDs returns the ids of all links, in the order they were given.
func (s *Set) IDs() []string { return slices.Clone(s.ids) }

// Close cuts all connections, gives the ports back and waits until what was under way has ended, each link within the watchdog. Closing
// again returns the same error.
func (s *Set) Close(ctx context.Context) error {
	s.once.Do(func() {
		errs := make([]error, len(s.ids))
		var closing sync.WaitGroup
		for i, id := range s.ids {
			closing.Go(func() { errs[i] = s.links[id].close(ctx) })
		}
		closing.Wait()
		s.err = errors.Join(errs...)
	})
	return s.err
}
