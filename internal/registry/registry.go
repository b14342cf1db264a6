package registry

import (
	"context"
	"errors"
	"figlab/internal/bus"
	"figlab/internal/process"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	bucket = "registry"
	// Lease is how long an entry outlives its holder.
	Lease = 3 * time.Second
	// Beat is how often an entry is renewed.
	Beat = time.Second
	// again is how soon something is tried again that costs nothing while the broker is away.
	again = 200 * time.Millisecond
	// openWithin bounds one look for the bucket.
	openWithin = 5 * time.Second
)

// An Instance of a service. Service and Name are made of letters, digits, - and _.
type Instance struct {
	Service string `json:"service"`
	Name    string `json:"name"`
	Address string `json:"address"` // host:port of the public door
	Admin   string `json:"admin"`   // host:port of the admin door
}

// key is where an instance stands. Its parts are parted by a dot, so they must have none.
func key(i Instance) (string, error) {
	if err := errors.Join(fits("service", i.Service), fits("instance", i.Name)); err != nil {
		return "", err
	}
	return i.Service + "." + i.Name, nil
}

func fits(what, name string) error {
	wrong := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}
	if name == "" || strings.ContainsFunc(name, wrong) {
		return fmt.Errorf("registry: %q cannot name a %s: use letters, digits, - and _", name, what)
	}
	return nil
}

// A Registry is one process's view of it.
type Registry struct {
	bus  *bus.Bus
	deps process.Deps

	mu sync.Mutex
	kv jetstream.KeyValue // nil until opened
}

// New returns a registry over a bus.
func New(b *bus.Bus, deps process.Deps) *Registry { return &Registry{bus: b, deps: deps} }

func (r *Registry) open(ctx context.Context) (jetstream.KeyValue, error) {
	if !r.bus.Connected() {
		return nil, bus.ErrAway
	}
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	kv, err := r.bus.JetStream().KeyValue(ctx, bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		// In memory: an entry lives for seconds, and its holder writes it again after a restart of the broker.
		kv, err = r.bus.JetStream().CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: bucket, TTL: Lease, LimitMarkerTTL: 2 * Lease, Storage: jetstream.MemoryStorage,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	return kv, nil
}

// bucket opens the bucket once; forget has it opened anew, as after the broker has lost it.
func (r *Registry) bucket(ctx context.Context) (jetstream.KeyValue, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kv == nil {
		kv, err := r.open(ctx)
		if err != nil {
			return nil, err
		}
		r.kv = kv
	}
	return r.kv, nil
}

func (r *Registry) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kv = nil
}
