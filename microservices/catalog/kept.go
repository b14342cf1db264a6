package catalog

import (
	"context"
	"encoding/json"
	"figlab/internal/process"
	"figlab/microservices/platform/cache"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	keptFor  = 10 * time.Second // when nobody tells of a change, as while the broker is away
	keptMost = 20_000           // a few hundred bytes each
)

// kept holds answers as the bytes that go out.
type kept struct {
	cache  cache.Cache
	memory *cache.Memory // the same, for its counts
	epoch  atomic.Int64  // of the owner of the products: what was read in another one is never shown again
	deps   process.Deps
}

func newKept(deps process.Deps) *kept {
	k := &kept{deps: deps}
	k.memory = cache.NewMemory(cache.Options{Name: "products", Epoch: k.epoch.Load, TTL: keptFor, Max: keptMost, Now: deps.Now})
	k.cache = k.memory
	return k
}

// The keys: one for each product, and one for the list of categories, which any change may change.
const allCategories = "categories"

func productKey(id string) string { return "product:" + id }

// answer returns what is kept under a key, else what read returns, encoded.
func (k *kept) answer(ctx context.Context, key string, read func(context.Context) (any, error)) ([]byte, error) {
	return k.cache.Get(ctx, key, func(ctx context.Context) ([]byte, error) {
		v, err := read(ctx)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", key, err)
		}
		return append(body, '\n'), nil // as an encoder ends it, so that both houses answer to the byte the same
	})
}

// forget is called when products have changed, after the commit: what is read from now on is read again. It is done even for a caller who
// has gone away meanwhile.
func (k *kept) forget(ctx context.Context, ids ...string) error {
	keys := make([]string, 0, len(ids)+1)
	for _, id := range ids {
		keys = append(keys, productKey(id))
	}
	if err := k.cache.Forget(context.WithoutCancel(ctx), append(keys, allCategories)...); err != nil {
		return fmt.Errorf("forget what has changed: %w", err)
	}
	return nil
}

// told forgets one product. A failure is nothing to its writer: the event of the change makes this process forget it once more.
func (k *kept) told(ctx context.Context, id string) {
	if err := k.forget(ctx, id); err != nil {
		k.deps.Log.WarnContext(ctx, "a change is not forgotten yet", "product", id, "error", err.Error())
	}
}

// owner notes the epoch of a change. It never goes back.
func (k *kept) owner(epoch int64) {
	for {
		known := k.epoch.Load()
		if epoch <= known || k.epoch.CompareAndSwap(known, epoch) {
			return
		}
	}
}
