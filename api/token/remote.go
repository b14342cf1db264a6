package token

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"figlab/api/shopapi"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// How often the address is asked, how long it may take, and how long its word is taken.
const (
	keysFresh = time.Minute     // after this the keys in use are read again, behind the call
	keysOld   = 2 * time.Minute // after this the call waits for them
	keysKept  = time.Hour       // after this they are dropped, if the address was silent all the time
	keysPause = time.Second     // no two requests begin within it, whatever is asked for
	keysWait  = 2 * time.Second
)

// Remote keeps the keys published at a JWKS address. It asks at once when it meets an id it does not know, and once a minute while known
// keys are in use; never more than once a second, and at most one request is under way, never under the lock. So unknown ids, however
// many, cost one request a second, which those who wait share. And so a new key has to be published before it signs, by as long as a
// request may take: until then a request that began too early may be all that is known of it.
//
// Each good answer replaces the whole set. A key that is published no more is taken for two minutes at most: up to one minute by its age,
// up to two while it is read again behind the call, and beyond that, after a time without calls, nobody is answered before the address is.
// While the address does not answer, the last keys stay, for an hour; a known key is then answered at once.
type Remote struct {
	client *http.Client
	url    string
	now    func() time.Time

	mu      sync.Mutex
	keys    map[string]ed25519.PublicKey
	read    time.Time // when the request began that gave the keys
	asked   time.Time // when the last request began
	failure error     // how it ended
	running *fetch    // the request under way
}

// fetch is one request for the keys; err may be read once done is closed.
type fetch struct {
	done chan struct{}
	err  error
}

// NewRemote returns keys read from url when first needed.
func NewRemote(client *http.Client, url string, now func() time.Time) *Remote {
	return &Remote{client: client, url: url, now: now}
}

// Key returns the key of an id. An id that is not published is ErrInvalid; every other error means that the address did not tell. It waits
// for two seconds at most, and no longer than ctx.
func (r *Remote) Key(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	key, running, err := r.look(ctx, kid)
	if running == nil {
		return key, err
	}
	select {
	case <-running.done:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for key %q: %w", kid, ctx.Err())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answer(kid, running.err)
}

// look returns what is known of an id, or the request to wait for. It starts one when it is time.
func (r *Remote) look(ctx context.Context, kid string) (ed25519.PublicKey, *fetch, error) {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	age := now.Sub(r.read)
	if age >= keysKept {
		r.keys = nil
	}
	_, known := r.keys[kid]
	if r.running == nil && r.due(now, known) {
		r.running, r.asked = &fetch{done: make(chan struct{})}, now
		// It serves all who wait, so it does not end with the one who came first; its own bound is keysWait.
		go r.run(context.WithoutCancel(ctx), r.running, now)
	}
	// Old keys are waited for once: when that fails, the last ones have to do.
	if r.running != nil && (!known || age >= keysOld && r.failure == nil) {
		return nil, r.running, nil
	}
	key, err := r.answer(kid, r.failure)
	return key, nil, err
}

// due says whether it is time to ask again. A clock that was set back does not keep it from asking.
func (r *Remote) due(now time.Time, known bool) bool {
	age := now.Sub(r.asked)
	if r.asked.IsZero() || age < 0 {
		return true
	}
	if known && r.failure == nil {
		return age >= keysFresh
	}
	return age >= keysPause
}

// answer tells what is known; failure is how the request for it ended.
func (r *Remote) answer(kid string, failure error) (ed25519.PublicKey, error) {
	if key, ok := r.keys[kid]; ok {
		return key, nil
	}
	if failure != nil {
		return nil, fmt.Errorf("key %q: %w", kid, failure)
	}
	return nil, fmt.Errorf("key %q: %w", kid, ErrInvalid)
}

// run asks once and tells everyone who waits.
func (r *Remote) run(ctx context.Context, f *fetch, began time.Time) {
	ctx, cancel := context.WithTimeout(ctx, keysWait)
	defer cancel()
	keys, err := r.ask(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		f.err = fmt.Errorf("keys at %s: %w", r.url, err)
	} else {
		r.keys, r.read = keys, began
	}
	r.failure, r.running = f.err, nil
	close(f.done)
}

func (r *Remote) ask(ctx context.Context) (map[string]ed25519.PublicKey, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %d", resp.StatusCode)
	}
	var set shopapi.JWKS
	if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&set); err != nil {
		return nil, err
	}
	keys := make(map[string]ed25519.PublicKey, len(set.Keys))
	for _, k := range set.Keys {
		x, err := base64.RawURLEncoding.DecodeString(k.X)
		if err == nil && len(x) == ed25519.PublicKeySize && k.Kid != "" && k.Kty == "OKP" && k.Crv == "Ed25519" {
			keys[k.Kid] = x
		}
	}
	if len(keys) == 0 { // an issuer without a key cannot be told from a broken answer, and dropping all keys would sign everybody out
		return nil, errors.New("answered without a usable key")
	}
	return keys, nil
}
