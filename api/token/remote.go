package token

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"figlab/api/shopapi"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Remote keeps the keys published at a JWKS address. It asks again when it meets an id it does not know, at most once in five seconds,
// and goes on with the last keys when the address does not answer.
type Remote struct {
	client *http.Client
	url    string
	now    func() time.Time

	mu    sync.Mutex
	keys  map[string]ed25519.PublicKey
	asked time.Time
}

// NewRemote returns keys read from url when first needed.
func NewRemote(client *http.Client, url string, now func() time.Time) *Remote {
	return &Remote{client: client, url: url, now: now, keys: map[string]ed25519.PublicKey{}}
}

// Key returns the key of an id. Callers that meet an unknown id at once share one request: it is made under the lock.
func (r *Remote) Key(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if key, ok := r.keys[kid]; ok {
		return key, nil
	}
	if now := r.now(); now.Sub(r.asked) >= 5*time.Second {
		r.asked = now
		if err := r.refresh(ctx); err != nil {
			return nil, err
		}
	}
	if key, ok := r.keys[kid]; ok {
		return key, nil
	}
	return nil, fmt.Errorf("key %q: %w", kid, ErrInvalid)
}

func (r *Remote) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return fmt.Errorf("keys at %s: %w", r.url, err)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return fmt.Errorf("keys at %s: %w", r.url, err)
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	var set shopapi.JWKS
	if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&set); err != nil {
		return fmt.Errorf("keys at %s: %w", r.url, err)
	}
	for _, k := range set.Keys {
		if x, err := base64.RawURLEncoding.DecodeString(k.X); err == nil && len(x) == ed25519.PublicKeySize {
			r.keys[k.Kid] = x
		}
	}
	return nil
}
