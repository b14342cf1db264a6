package token_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"figlab/api/token"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// publisher is the address of the keys, without a network.
type publisher struct {
	set    shopapi.JWKS
	status int
	err    error
	body   []byte        // instead of the set
	hold   chan struct{} // answers wait for it, if there is one
	asked  atomic.Int32
}

func (p *publisher) RoundTrip(r *http.Request) (*http.Response, error) {
	p.asked.Add(1)
	if p.hold != nil {
		select {
		case <-p.hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if p.err != nil {
		return nil, p.err
	}
	body := p.body
	if body == nil {
		body, _ = json.Marshal(p.set)
	}
	return &http.Response{StatusCode: p.status, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

func publish(keys ...ed25519.PrivateKey) *publisher {
	p := &publisher{status: http.StatusOK, set: shopapi.JWKS{Keys: []shopapi.JWK{}}}
	for _, k := range keys {
		p.set.Keys = append(p.set.Keys, token.NewIssuer(k).JWKS().Keys...)
	}
	return p
}

func kid(k ed25519.PrivateKey) string { return token.NewIssuer(k).JWKS().Keys[0].Kid }

// remote returns keys whose clock is the bubble's.
func (p *publisher) remote() *token.Remote {
	return token.NewRemote(&http.Client{Transport: p}, "http://keys/jwks.json", time.Now)
}

// has fails unless the answer for a key is as wanted: found for nil, else the error.
func has(t *testing.T, r *token.Remote, k ed25519.PrivateKey, want error) {
	t.Helper()
	got, err := r.Key(t.Context(), kid(k))
	if !errors.Is(err, want) || (want == nil && !got.Equal(k.Public())) {
		t.Errorf("got %x, %v, want %v", got, err, want)
	}
}

func TestRemoteAsksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish(key(1))
		r := p.remote()
		has(t, r, key(1), nil)
		for range 10 {
			has(t, r, key(1), nil)
			has(t, r, key(2), token.ErrInvalid)
		}
		if n := p.asked.Load(); n != 1 {
			t.Fatalf("asked %d times at once", n)
		}
		p.set = publish(key(1), key(2)).set
		time.Sleep(time.Second)
		has(t, r, key(2), nil)
		if n := p.asked.Load(); n != 2 {
			t.Errorf("asked %d times, want a second time for the new key", n)
		}
	})
}

// TestKnownKeyDoesNotWait holds the address, and asks for a key that is known and one that is not.
func TestKnownKeyDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish(key(1))
		r := p.remote()
		has(t, r, key(1), nil)
		time.Sleep(time.Second)
		p.hold, p.set = make(chan struct{}), publish(key(1), key(2)).set
		got := make(chan error, 10)
		for range cap(got) {
			go func() { _, err := r.Key(t.Context(), kid(key(2))); got <- err }()
		}
		synctest.Wait()
		begin := time.Now()
		if has(t, r, key(1), nil); time.Since(begin) != 0 {
			t.Errorf("a known key took %v", time.Since(begin))
		}
		if len(got) != 0 {
			t.Error("the unknown key was answered before the address did")
		}
		close(p.hold)
		for range cap(got) {
			if err := <-got; err != nil {
				t.Error(err)
			}
		}
		if n := p.asked.Load(); n != 2 {
			t.Errorf("asked %d times, want one shared request after the first", n)
		}
	})
}

func TestWaitEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish(key(1))
		p.hold = make(chan struct{})
		r := p.remote()
		first, leave := context.WithCancel(t.Context())
		got := make(chan error, 2)
		go func() { _, err := r.Key(first, kid(key(1))); got <- err }()
		synctest.Wait()
		go func() { _, err := r.Key(t.Context(), kid(key(1))); got <- err }()
		synctest.Wait()
		leave()
		if err := <-got; !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
		close(p.hold)
		if err := <-got; err != nil {
			t.Errorf("who stayed lost the request of who left: %v", err)
		}
	})
}

func TestSilentAddressIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish(key(1))
		p.hold = make(chan struct{})
		begin := time.Now()
		has(t, p.remote(), key(1), context.DeadlineExceeded)
		if waited := time.Since(begin); waited != 2*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestAddressThatDoesNotTell(t *testing.T) {
	down := errors.New("connection refused")
	for name, spoil := range map[string]func(*publisher){
		"refused":             func(p *publisher) { p.err = down },
		"a problem document":  func(p *publisher) { p.status = http.StatusServiceUnavailable },
		"HTML":                func(p *publisher) { p.body = []byte("<html>") },
		"no keys":             func(p *publisher) { p.body = []byte(`{"keys":[]}`) },
		"keys of others only": func(p *publisher) { p.set.Keys[0].Kty = "RSA" },
		"a key of wrong size": func(p *publisher) { p.set.Keys[0].X = "AAAA" },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := publish(key(1))
				r := p.remote()
				v := token.NewVerifier(r, time.Now)
				signed, err := token.NewIssuer(key(1)).Issue(ada(), time.Now(), time.Hour)
				if err != nil {
					t.Fatal(err)
				}
				spoil(p)
				for range 2 {
					_, err = v.Verify(t.Context(), signed)
					var told *problem.Error
					if !errors.As(err, &told) || told.Kind != "unavailable" || errors.Is(err, token.ErrInvalid) {
						t.Errorf("got %v, want unavailable", err)
					}
				}
				if n := p.asked.Load(); n != 1 {
					t.Errorf("asked %d times within a second", n)
				}
				p.err, p.status, p.body, p.set = nil, http.StatusOK, nil, publish(key(1)).set
				time.Sleep(time.Second)
				if _, err := v.Verify(t.Context(), signed); err != nil {
					t.Errorf("the address is back: %v", err)
				}
				spoil(p)
				time.Sleep(59 * time.Minute)
				if _, err := v.Verify(t.Context(), signed); err != nil {
					t.Errorf("the last keys were not kept: %v", err)
				}
				synctest.Wait()
				has(t, r, key(1), nil)
				time.Sleep(time.Minute)
				if _, err := v.Verify(t.Context(), signed); !errors.Is(err, token.ErrNoKeys) {
					t.Errorf("an hour without an answer: %v", err)
				}
			})
		})
	}
}

// TestClockSetBack has a clock that jumps a day back: new keys are still found.
func TestClockSetBack(t *testing.T) {
	p, c := publish(key(1)), &clock{noon()}
	r := token.NewRemote(&http.Client{Transport: p}, "http://keys/jwks.json", c.now)
	has(t, r, key(1), nil)
	p.set = publish(key(1), key(2)).set
	c.at = noon().Add(-24 * time.Hour)
	has(t, r, key(2), nil)
}
