package identity

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestTokenIsKept(t *testing.T) {
	c := &clock{time.Now()}
	cart := load(t, newAuthority(t), "cart", c.now)
	begin := c.at
	first := signed(t, cart, "catalog")
	at := func(after time.Duration) string {
		c.at = begin.Add(after)
		return signed(t, cart, "catalog")
	}
	if at(life-renewal-time.Second) != first {
		t.Error("made anew before its time")
	}
	second := at(life - renewal)
	if second == first {
		t.Error("kept into its last minute")
	}
	if at(0) == second {
		t.Error("a token from the future was kept")
	}
	if signed(t, cart, "user") == signed(t, cart, "catalog") {
		t.Error("one token for two audiences")
	}
	for _, nobody := range []string{"", strings.Repeat("x", longName+1)} {
		if got, err := cart.Token(nobody); err == nil {
			t.Errorf("made %s for %q", got, nobody)
		}
	}
	c.at = begin.Add(certified + time.Minute)
	if got, err := cart.Token("catalog"); err == nil {
		t.Errorf("made %s without a certificate", got)
	}
}

// TestManyAtOnce has goroutines share an identity; the race detector reads along.
func TestManyAtOnce(t *testing.T) {
	a := newAuthority(t)
	cart, catalog := load(t, a, "cart", time.Now), load(t, a, "catalog", time.Now)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				token, err := cart.Token("catalog")
				if who, wrong := catalog.Verify(token); err != nil || wrong != nil || who != "cart" {
					t.Error(who, err, wrong)
				}
			}
		})
	}
	all.Wait()
}

// forger has a process's real key and certificate, and says what it likes.
type forger struct {
	t    *testing.T
	s    secret
	seal seal
	at   time.Time
}

func newForger(t *testing.T, a *Authority, service string, at time.Time) forger {
	s := open(t, issued(t, a, service))
	return forger{t: t, s: s, seal: newSeal(ed25519.NewKeyFromSeed(s.Seed)), at: at}
}

// says signs what an honest process would, changed.
func (f forger) says(change func(*claims)) string {
	f.t.Helper()
	c := &claims{Certificate: f.s.Certificate, RegisteredClaims: jwt.RegisteredClaims{
		Subject: f.s.Service, Audience: jwt.ClaimStrings{"catalog"},
		IssuedAt: jwt.NewNumericDate(f.at), ExpiresAt: jwt.NewNumericDate(f.at.Add(life)),
	}}
	change(c)
	return sealed(f.t, f.seal, c)
}

func sealed(t *testing.T, s seal, c jwt.Claims) string {
	t.Helper()
	out, err := s(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// certificateFor is a certificate of the forger's key, changed, by whoever signs it.
func (f forger) certificateFor(by seal, change func(*certificate)) string {
	f.t.Helper()
	c := &certificate{
		Key: ed25519.NewKeyFromSeed(f.s.Seed).Public().(ed25519.PublicKey),
		RegisteredClaims: jwt.RegisteredClaims{
			Subject: f.s.Service, IssuedAt: jwt.NewNumericDate(f.at), ExpiresAt: jwt.NewNumericDate(f.at.Add(certified)),
		},
	}
	change(c)
	return sealed(f.t, by, c)
}

func TestForgeries(t *testing.T) {
	a, c := newAuthority(t), &clock{time.Now()}
	f, user := newForger(t, a, "cart", c.at), newForger(t, a, "user", c.at)
	foreign := newForger(t, newAuthority(t), "cart", c.at)
	good := f.says(func(*claims) {})
	part := strings.Split(good, ".")
	at := func(d time.Duration) *jwt.NumericDate { return jwt.NewNumericDate(c.at.Add(d)) }
	certified := func(by seal, change func(*certificate)) string {
		cert := f.certificateFor(by, change)
		return f.says(func(c *claims) { c.Certificate = cert })
	}
	method := func(m jwt.SigningMethod, key any) string {
		said := claims{}
		_, _, _ = jwt.NewParser().ParseUnverified(good, &said)
		out, err := jwt.NewWithClaims(m, said).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	same := func(*certificate) {}
	for name, token := range map[string]string{
		"nothing":                         "",
		"garbage":                         "abc",
		"a secret":                        issued(t, a, "cart"),
		"alg none":                        method(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType),
		"HS256 with the public key":       method(jwt.SigningMethodHS256, []byte(ed25519.NewKeyFromSeed(f.s.Seed).Public().(ed25519.PublicKey))),
		"truncated":                       good[:len(good)-10],
		"half":                            good[:len(good)/2],
		"no signature":                    part[0] + "." + part[1] + ".",
		"another's claims":                part[0] + "." + strings.Split(user.says(func(*claims) {}), ".")[1] + "." + part[2],
		"a signature that is spelt apart": good[:len(good)-1] + string(good[len(good)-1]+1),
		"something behind":                good + ".x",
		"huge":                            f.says(func(c *claims) { c.ID = strings.Repeat("x", longest) }),
		"another authority":               foreign.says(func(*claims) {}),
		"another audience":                f.says(func(c *claims) { c.Audience = jwt.ClaimStrings{"user"} }),
		"audience in other letters":       f.says(func(c *claims) { c.Audience = jwt.ClaimStrings{"Catalog"} }),
		"several audiences":               f.says(func(c *claims) { c.Audience = jwt.ClaimStrings{"catalog", "user"} }),
		"no audience":                     f.says(func(c *claims) { c.Audience = nil }),
		"expired":                         f.says(func(c *claims) { c.IssuedAt, c.ExpiresAt = at(-life), at(-leeway-time.Second) }),
		"no end":                          f.says(func(c *claims) { c.ExpiresAt = nil }),
		"no beginning":                    f.says(func(c *claims) { c.IssuedAt = nil }),
		"from the future":                 f.says(func(c *claims) { c.IssuedAt = at(leeway + 2*time.Second) }),
		"not yet":                         f.says(func(c *claims) { c.NotBefore = at(leeway + 2*time.Second) }),
		"too long a life":                 f.says(func(c *claims) { c.ExpiresAt = at(life + 2*time.Second) }),
		"nobody":                          f.says(func(c *claims) { c.Subject = "" }),
		"subject of another":              f.says(func(c *claims) { c.Subject = "user" }),
		"certificate of another":          f.says(func(c *claims) { c.Certificate = user.s.Certificate }),
		"certificate and name of another": f.says(func(c *claims) { c.Subject, c.Certificate = "user", user.s.Certificate }),
		"no certificate":                  f.says(func(c *claims) { c.Certificate = "" }),
		"truncated certificate":           f.says(func(c *claims) { c.Certificate = c.Certificate[:len(c.Certificate)-4] }),
		"a token as its certificate":      f.says(func(c *claims) { c.Certificate = good }),
		"a certificate as token":          f.s.Certificate,
		"certified by itself":             certified(f.seal, same),
		"certified by another service":    certified(user.seal, same),
		"certified with another key":      certified(a.seal, func(c *certificate) { c.Key = make([]byte, ed25519.PublicKeySize) }),
		"certified with half a key":       certified(a.seal, func(c *certificate) { c.Key = c.Key[:16] }),
		"certified as nobody":             certified(a.seal, func(c *certificate) { c.Subject = "" }),
		"nobody, certified as such": f.says(func(c *claims) {
			c.Subject, c.Certificate = "", f.certificateFor(a.seal, func(c *certificate) { c.Subject = "" })
		}),
		"certificate has expired":    certified(a.seal, func(c *certificate) { c.ExpiresAt = at(-leeway - time.Second) }),
		"certificate without an end": certified(a.seal, func(c *certificate) { c.ExpiresAt = nil }),
	} {
		t.Run(name, func(t *testing.T) {
			catalog := load(t, a, "catalog", c.now)
			for range 2 { // a refusal is never remembered as anything else
				if who, err := catalog.Verify(token); !errors.Is(err, ErrUnknown) || who != "" {
					t.Errorf("got %q, %v", who, err)
				}
			}
			for _, fine := range []string{good, certified(a.seal, same)} { // so that it is the change that is refused
				if who, err := catalog.Verify(fine); err != nil || who != "cart" {
					t.Errorf("the honest one gives %q, %v", who, err)
				}
			}
		})
	}
}

// TestMemoryOutlivesNothing has a token end by its own time, and by its certificate's.
func TestMemoryOutlivesNothing(t *testing.T) {
	a, c := newAuthority(t), &clock{time.Now().Truncate(time.Second)}
	begin := c.at
	f := newForger(t, a, "cart", begin)
	soon := f.certificateFor(a.seal, func(c *certificate) { c.ExpiresAt = jwt.NewNumericDate(begin.Add(time.Minute)) })
	for token, end := range map[string]time.Duration{
		f.says(func(*claims) {}):                         life,
		f.says(func(c *claims) { c.Certificate = soon }): time.Minute,
	} {
		c.at = begin
		catalog := load(t, a, "catalog", c.now)
		for _, step := range []struct {
			at   time.Duration
			want error
		}{{0, nil}, {end + leeway - 1, nil}, {end + leeway, ErrUnknown}} {
			c.at = begin.Add(step.at)
			if _, err := catalog.Verify(token); !errors.Is(err, step.want) {
				t.Errorf("after %v of %v: %v", step.at, end, err)
			}
			if fresh := load(t, a, "catalog", c.now); step.want == nil {
				if _, err := fresh.Verify(token); err != nil {
					t.Errorf("afresh after %v of %v: %v", step.at, end, err)
				}
			}
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m, now := newMemory(10), time.Now()
	for i := range 9 {
		m.remember(strings.Repeat("old", i+1), "cart", now.Add(time.Second), now)
	}
	m.remember("young", "cart", now.Add(time.Minute), now)
	later := now.Add(2 * time.Second)
	m.remember("next", "cart", later.Add(time.Minute), later)
	if _, ok := m.recall("young", later); !ok || len(m.good) != 2 {
		t.Errorf("holds %d, want the two that have not expired", len(m.good))
	}
	for i := range 100 {
		m.remember(strings.Repeat("x", i+1), "cart", later.Add(time.Minute), later)
		if _, ok := m.recall(strings.Repeat("x", i+1), later); !ok || len(m.good) > 10 {
			t.Fatalf("holds %d after %d", len(m.good), i)
		}
	}
}

// FuzzVerify looks for a text that is taken for a token and is not the one that was signed.
func FuzzVerify(f *testing.F) {
	a := newAuthority(f)
	catalog, good := load(f, a, "catalog", time.Now), signed(f, load(f, a, "cart", time.Now), "catalog")
	if who, err := catalog.Verify(good); err != nil || who != "cart" {
		f.Fatal(who, err)
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(strings.Replace(good, ".", "..", 1))
	f.Add(issued(f, a, "cart"))
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		if who, err := catalog.Verify(token); err == nil && token != good {
			t.Errorf("%q is taken for a token of %q", token, who)
		} else if err != nil && !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", token, err)
		}
		_, _ = Load(token, a.Public(), time.Now)
	})
}

func BenchmarkVerify(b *testing.B) {
	a := newAuthority(b)
	catalog, token := load(b, a, "catalog", time.Now), signed(b, load(b, a, "cart", time.Now), "catalog")
	checker := newChecker("catalog", a.public, time.Now)
	b.Run("first", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := checker.check(token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("again", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if _, err := catalog.Verify(token); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func BenchmarkToken(b *testing.B) {
	cart := load(b, newAuthority(b), "cart", time.Now)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cart.Token("catalog"); err != nil {
			b.Fatal(err)
		}
	}
}
