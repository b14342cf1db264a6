package cache

import (
	"context"
	"time"
)

// LoadWithin is how long a load may take, whoever waits for it: it belongs to all of them, and outlives the one who began it.
const LoadWithin = 5 * time.Second

// A Cache holds values by key. They are shared: nobody may change one.
type Cache interface {
	// Get returns what is kept under the key, else what load returns. All who ask meanwhile wait for one load, each as long as its own ctx
	// lets it. Load's context ends with LoadWithin and with nobody's ctx, but has the values of the first one's. An error, or nil, is not
	// kept.
	Get(ctx context.Context, key string, load func(context.Context) ([]byte, error)) ([]byte, error)
	// Forget makes everyone who asks for the keys from now on get what is read from now on.
	Forget(ctx context.Context, keys ...string) error
	// Clear is Forget for all keys.
	Clear(ctx context.Context) error
}

// Options of a cache.
type Options struct {
	Name  string           // what is kept, for errors
	Epoch func() int64     // of the owner of what is kept: in a new one nothing is kept yet, and it never goes back; nil: 0
	TTL   time.Duration    // from the beginning of the load; 0: a minute
	Max   int              // values; 0: 10,000
	Now   func() time.Time // nil: the machine's clock
}

func (o Options) filled() Options {
	if o.Epoch == nil {
		o.Epoch = func() int64 { return 0 }
	}
	if o.TTL == 0 {
		o.TTL = time.Minute
	}
	if o.Max <= 0 {
		o.Max = 10_000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Stats counts what became of requests.
type Stats struct {
	Hits      int64 `json:"hits"`      // answered from what is kept
	Misses    int64 `json:"misses"`    // waited for a load
	Loads     int64 `json:"loads"`     // loads begun: fewer than misses where several waited for one
	Forgotten int64 `json:"forgotten"` // values and loads under way that were forgotten
	Entries   int64 `json:"entries"`   // values kept now
}
