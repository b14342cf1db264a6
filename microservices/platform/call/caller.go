package call

import (
	"figlab/internal/process"
	"figlab/internal/registry"
	"figlab/microservices/platform/balance"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/failsafe-go/failsafe-go/bulkhead"
)

// Instances are those of one service at the time of asking; the slice is never changed in place.
type Instances interface{ Instances() []registry.Instance }

// Tokens tell a callee which service is calling.
type Tokens interface {
	Token(audience string) (string, error)
}

// Options of a Caller.
type Options struct {
	Service  string // its own name
	Deps     process.Deps
	Find     func(service string) Instances // called once for each service that a policy names
	Identity Tokens                         // nil: no service identity is sent
	Draw     func(n int) int                // in [0, n), safe for many at once; nil: the machine's
}

// A Caller makes the calls of one process.
type Caller struct {
	o         Options
	transport http.RoundTripper

	mu        sync.Mutex
	services  map[string]*service
	clients   []*client // in the order of their declaration
	byPolicy  map[Policy]*client
	fallbacks map[string]*client // service → the client that counts them
}

// service is what all calls to one service have in common.
type service struct {
	name    string
	known   func() []registry.Instance
	pool    *balance.Balancer
	breaker *breaker
	retries *allowance
	calls   atomic.Int64 // under all policies
}

// New returns a caller without policies.
func New(o Options) *Caller {
	if o.Draw == nil {
		o.Draw = rand.IntN
	}
	return &Caller{
		o: o, transport: o.Deps.Transport(),
		services: map[string]*service{}, byPolicy: map[Policy]*client{}, fallbacks: map[string]*client{},
	}
}

// Client returns the client for calls under a policy, to http://<service>/... An address with a port is dialled as it is, with everything
// but the choice of an instance; it is outside of the house, and gets no service identity. Every call of a client with a policy that is not
// valid fails, and says why.
func (c *Caller) Client(p Policy) *http.Client {
	var t http.RoundTripper
	if err := p.Validate(); err != nil {
		t = &misdeclared{refused("internal", "invalid-policy", "the policy of the call is not valid", err)}
	} else {
		t = c.client(p)
	}
	// A redirect is an answer: to follow it would be a call that nobody has declared.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: t, CheckRedirect: stay}
}

func (c *Caller) client(p Policy) *client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.byPolicy[p]; known != nil {
		return known
	}
	fresh := &client{Policy: p, caller: c, to: c.service(p.To), room: bulkhead.New[any](p.places())}
	c.byPolicy[p] = fresh
	c.clients = append(c.clients, fresh)
	if counts := c.fallbacks[p.To]; counts == nil || counts.Fallback == "" && p.Fallback != "" {
		c.fallbacks[p.To] = fresh
	}
	return fresh
}

func (c *Caller) service(name string) *service {
	if known := c.services[name]; known != nil {
		return known
	}
	instances := func() []registry.Instance { return nil }
	if c.o.Find != nil {
		if set := c.o.Find(name); set != nil {
			instances = set.Instances
		}
	}
	s := &service{
		name: name, known: instances, pool: balance.New(instances, c.o.Draw, c.o.Deps.Now),
		breaker: newBreaker(name, c.o.Deps), retries: newAllowance(c.o.Deps.Now()),
	}
	c.services[name] = s
	return s
}

// FellBack notes that a fallback was served instead of an answer of a service.
func (c *Caller) FellBack(to string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if counts := c.fallbacks[to]; counts != nil {
		counts.fallbacks.Add(1)
	}
}

// misdeclared is the way of every call under a policy that is not valid.
type misdeclared struct{ why error }

func (m *misdeclared) RoundTrip(r *http.Request) (*http.Response, error) {
	leave(r.Body)
	return nil, m.why
}
