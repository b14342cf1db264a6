package token_test

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"figlab/api/token"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func public(seed byte) ed25519.PublicKey { return key(seed).Public().(ed25519.PublicKey) }

// rotation is an issuer whose keys change while others verify.
type rotation struct {
	publisher
	issuer token.Issuer
}

func (r *rotation) change(i token.Issuer) { r.issuer, r.set = i, i.JWKS() }

func (r *rotation) issue(t *testing.T, ttl time.Duration) string {
	t.Helper()
	signed, err := r.issuer.Issue(ada(), time.Now(), ttl)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// start is a rotation that has one key, in a bubble's time.
func start(seed byte) *rotation {
	r := &rotation{publisher: publisher{status: http.StatusOK}}
	r.change(token.NewIssuer(key(seed)))
	return r
}

func TestIssuerStandsForAllItsKeys(t *testing.T) {
	old := issue(t, token.NewIssuer(key(1)), time.Hour)
	i := token.NewIssuer(key(2), public(1), public(2), public(3))
	set := i.JWKS().Keys
	if len(set) != 3 || set[0].Kid != kid(key(2)) || set[1].Kid != kid(key(1)) || set[2].Kid != kid(key(3)) {
		t.Errorf("publishes %+v", set)
	}
	v := token.NewVerifier(i, noon)
	for _, signed := range []string{old, issue(t, i, time.Hour), issue(t, token.NewIssuer(key(3)), time.Hour)} {
		if _, err := v.Verify(t.Context(), signed); err != nil {
			t.Error(err)
		}
	}
	if _, err := token.NewVerifier(token.NewIssuer(key(1), public(3)), noon).Verify(t.Context(), issue(t, i, time.Hour)); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("a token by a key that is not published: %v", err)
	}
	if _, err := token.NewVerifier(token.NewIssuer(key(2), public(1)), noon).Verify(t.Context(), issue(t, i, time.Hour)); err != nil {
		t.Errorf("not signed with the current key: %v", err)
	}
}

// TestRotationRefusesNoGoodToken rotates three times while verifiers of all habits verify every token that has not expired: one all the
// time, beside a forger who has it look for a key that does not exist, one now and then, one hardly ever.
func TestRotationRefusesNoGoodToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(1)
		const ttl, step = 3 * time.Minute, 500 * time.Millisecond
		habits := []time.Duration{step, 7 * time.Second, 150 * time.Second}
		var remotes []*token.Remote
		var verifiers []token.Verifier
		for n := range habits {
			remotes = append(remotes, r.remote())
			verifiers = append(verifiers, token.NewVerifier(remotes[n], time.Now))
		}
		type change struct {
			at time.Duration
			to token.Issuer
		}
		var plan []change
		for n := range byte(3) {
			at := time.Duration(n)*4*time.Minute + time.Minute + 330*time.Millisecond
			plan = append(
				plan, change{at, token.NewIssuer(key(n+1), public(n+2))},
				change{at + 2*time.Second, token.NewIssuer(key(n+2), public(n+1))},
				change{at + 2*time.Second + ttl, token.NewIssuer(key(n + 2))},
			)
		}
		begin := time.Now()
		old, oldAt := r.issue(t, ttl), begin
		for at := time.Duration(0); at < 14*time.Minute; at += step {
			for len(plan) > 0 && plan[0].at <= at {
				r.change(plan[0].to)
				plan = plan[1:]
			}
			has(t, remotes[0], key(99), token.ErrInvalid)
			young := ""
			for n, habit := range habits {
				if at%habit != 0 {
					continue
				}
				if young == "" {
					young = r.issue(t, ttl)
				}
				for _, signed := range []string{young, old} {
					if _, err := verifiers[n].Verify(t.Context(), signed); err != nil {
						t.Fatalf("after %v the verifier of %v refuses: %v", at, habit, err)
					}
				}
			}
			if time.Since(oldAt) > ttl-10*time.Second {
				old, oldAt = r.issue(t, ttl), time.Now()
			}
			time.Sleep(step)
		}
	})
}

// TestDroppedKeyDropsOut withdraws a key, and goes on calling at one pace or another. None takes it longer than two minutes.
func TestDroppedKeyDropsOut(t *testing.T) {
	for pace, wait := range map[time.Duration]time.Duration{
		time.Second: time.Minute + time.Second, 45 * time.Second: 135 * time.Second, 2 * time.Minute: 2 * time.Minute, 50 * time.Minute: 50 * time.Minute,
	} {
		t.Run(fmt.Sprint(pace), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(1)
				v := token.NewVerifier(r.remote(), time.Now)
				signed := r.issue(t, time.Hour)
				verify := func() error { _, err := v.Verify(t.Context(), signed); return err }
				if err := verify(); err != nil {
					t.Fatal(err)
				}
				r.change(token.NewIssuer(key(2)))
				begin := time.Now()
				for {
					time.Sleep(pace)
					synctest.Wait()
					if err := verify(); errors.Is(err, token.ErrInvalid) {
						break
					} else if err != nil {
						t.Fatal(err)
					}
					synctest.Wait() // what it asks behind the call is answered
				}
				if took := time.Since(begin); took != wait {
					t.Errorf("it was refused after %v, want %v", took, wait)
				}
			})
		})
	}
}

// TestDroppedKeyDropsOutWithAnUnknownOne has a token of the next key arrive: the old one is gone at once.
func TestDroppedKeyDropsOutWithAnUnknownOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish(key(1))
		r := p.remote()
		has(t, r, key(1), nil)
		p.set = publish(key(2)).set
		time.Sleep(time.Second)
		has(t, r, key(2), nil)
		has(t, r, key(1), token.ErrInvalid)
	})
}

// TestOldKeysWaitOnce has the address fall silent while nobody calls: the first call waits for it, those after it do not.
func TestOldKeysWaitOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish(key(1))
		r := p.remote()
		has(t, r, key(1), nil)
		p.hold = make(chan struct{})
		time.Sleep(2 * time.Minute)
		for i, want := range []time.Duration{2 * time.Second, 0, 0} {
			begin := time.Now()
			has(t, r, key(1), nil)
			if took := time.Since(begin); took != want {
				t.Errorf("call %d took %v, want %v", i, took, want)
			}
			time.Sleep(time.Second)
		}
		close(p.hold)
		synctest.Wait()
	})
}

// TestStormOfUnknownKeys has forgers make up ids as fast as they can, for a minute, while the address answers and while it does not.
func TestStormOfUnknownKeys(t *testing.T) {
	for name, spoil := range map[string]func(*publisher){
		"answers": func(*publisher) {}, "refuses": func(p *publisher) { p.err = errors.New("connection refused") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := publish(key(1))
				r := p.remote()
				has(t, r, key(1), nil)
				spoil(p)
				var storm sync.WaitGroup
				for range 5 {
					storm.Go(func() {
						for i := range 600 {
							if _, err := r.Key(t.Context(), fmt.Sprint(i)); err == nil {
								t.Error("a key that nobody published was found")
							}
							time.Sleep(100 * time.Millisecond)
						}
					})
				}
				for range 60 {
					has(t, r, key(1), nil)
					time.Sleep(time.Second)
				}
				storm.Wait()
				if n := p.asked.Load(); n < 50 || n > 61 {
					t.Errorf("asked %d times in a minute, want about one a second and no more", n)
				}
			})
		})
	}
}

// TestRotationOverHTTP reads the keys over a connection, with a clock that is set by hand.
func TestRotationOverHTTP(t *testing.T) {
	var current atomic.Pointer[token.Issuer]
	sign := func(i token.Issuer) string { current.Store(&i); return issue(t, i, 3*time.Hour) }
	away := atomic.Bool{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if away.Load() {
			panic(http.ErrAbortHandler)
		}
		_ = json.NewEncoder(w).Encode(current.Load().JWKS())
	}))
	defer srv.Close()
	c := &clock{noon()}
	v := token.NewVerifier(token.NewRemote(srv.Client(), srv.URL, c.now), c.now)
	verify := func(signed string, want error) {
		t.Helper()
		if _, err := v.Verify(t.Context(), signed); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	first := sign(token.NewIssuer(key(1)))
	verify(first, nil)
	second := sign(token.NewIssuer(key(2), public(1)))
	c.at = c.at.Add(time.Second)
	verify(second, nil)
	verify(first, nil)
	sign(token.NewIssuer(key(2)))
	c.at = c.at.Add(2 * time.Minute)
	verify(first, token.ErrInvalid)
	verify(second, nil)
	away.Store(true)
	c.at = c.at.Add(30 * time.Minute)
	verify(second, nil)
	c.at = noon().Add(2 * time.Hour)
	verify(second, token.ErrNoKeys)
}
