package token_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"figlab/api/token"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func key(seed byte) ed25519.PrivateKey {
	b := make([]byte, ed25519.SeedSize)
	b[0] = seed
	return ed25519.NewKeyFromSeed(b)
}

// noon is when every test begins.
func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// clock is what a test says the time is.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func ada() token.Claims { return token.Claims{User: "u-1", Email: "ada@example.org", Role: "admin"} }

func issue(t testing.TB, i token.Issuer, ttl time.Duration) string {
	t.Helper()
	signed, err := i.Issue(ada(), noon(), ttl)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// craft signs whatever a forger likes with a key that is good.
func craft(t *testing.T, method jwt.SigningMethod, with any, change func(header, claims map[string]any)) string {
	t.Helper()
	header := map[string]any{"typ": "JWT", "alg": method.Alg(), "kid": token.NewIssuer(key(1)).JWKS().Keys[0].Kid}
	claims := jwt.MapClaims{
		"iss": "figlab", "sub": "u-1", "email": "ada@example.org", "role": "admin", "exp": noon().Add(time.Hour).Unix(), "iat": noon().Unix(),
	}
	change(header, claims)
	signed, err := (&jwt.Token{Header: header, Claims: claims, Method: method}).SignedString(with)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestIssuedTokenVerifies(t *testing.T) {
	i, c := token.NewIssuer(key(1)), &clock{noon()}
	v := token.NewVerifier(i, c.now)
	for range 2 { // afresh, then from memory
		if got, err := v.Verify(t.Context(), issue(t, i, time.Hour)); err != nil || got != ada() || !got.Admin() {
			t.Fatalf("got %+v, %v", got, err)
		}
	}
	if got, ok := token.From(token.With(t.Context(), ada())); !ok || got != ada() {
		t.Errorf("the context carries %+v", got)
	}
	if _, ok := token.From(t.Context()); ok {
		t.Error("somebody is signed in who never did")
	}
	if got := token.Signed(token.WithSigned(token.With(t.Context(), ada()), "a.b.c")); got != "a.b.c" {
		t.Errorf("the context carries the token %q", got)
	}
	if got := token.Signed(token.With(t.Context(), ada())); got != "" {
		t.Errorf("the context carries the token %q of nobody", got)
	}
}

func TestForgeries(t *testing.T) {
	good := key(1)
	public := []byte(good.Public().(ed25519.PublicKey))
	signed := issue(t, token.NewIssuer(good), time.Hour)
	part := strings.Split(signed, ".")
	claims := func(change func(map[string]any)) string {
		return craft(t, jwt.SigningMethodEdDSA, good, func(_, c map[string]any) { change(c) })
	}
	headed := func(change func(map[string]any)) string {
		return craft(t, jwt.SigningMethodEdDSA, good, func(h, _ map[string]any) { change(h) })
	}
	same := func(_, _ map[string]any) {}
	var payload map[string]any
	raw, _ := base64.RawURLEncoding.DecodeString(part[1])
	_ = json.Unmarshal(raw, &payload)
	payload["role"] = "root"
	raw, _ = json.Marshal(payload)
	tampered := base64.RawURLEncoding.EncodeToString(raw)
	for name, forged := range map[string]string{
		"nothing":                          "",
		"garbage":                          "abc",
		"dots":                             "..",
		"alg none":                         craft(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same),
		"HS256 with the public key":        craft(t, jwt.SigningMethodHS256, public, same),
		"HS512 with the public key":        craft(t, jwt.SigningMethodHS512, public, same),
		"HS256 that claims to be EdDSA":    craft(t, jwt.SigningMethodHS256, public, func(h, _ map[string]any) { h["alg"] = "EdDSA" }),
		"EdDSA that claims to be none":     headed(func(h map[string]any) { h["alg"] = "none" }),
		"signed by another key":            craft(t, jwt.SigningMethodEdDSA, key(2), same),
		"no key id":                        headed(func(h map[string]any) { delete(h, "kid") }),
		"a key id that is no text":         headed(func(h map[string]any) { h["kid"] = 1 }),
		"an unknown key id":                issue(t, token.NewIssuer(key(2)), time.Hour),
		"tampered payload":                 part[0] + "." + tampered + "." + part[2],
		"no signature":                     part[0] + "." + part[1] + ".",
		"half a signature":                 part[0] + "." + part[1] + "." + part[2][:43],
		"a signature that is spelt apart":  signed[:len(signed)-1] + string(signed[len(signed)-1]+1),
		"something behind":                 signed + ".x",
		"white space behind":               signed + " ",
		"another issuer":                   claims(func(c map[string]any) { c["iss"] = "elsewhere" }),
		"no issuer":                        claims(func(c map[string]any) { delete(c, "iss") }),
		"nobody":                           claims(func(c map[string]any) { delete(c, "sub") }),
		"no expiry":                        claims(func(c map[string]any) { delete(c, "exp") }),
		"an expiry that is no time":        claims(func(c map[string]any) { c["exp"] = "tomorrow" }),
		"expired":                          claims(func(c map[string]any) { c["exp"] = noon().Add(-11 * time.Second).Unix() }),
		"expired to the second of leeway":  claims(func(c map[string]any) { c["exp"] = noon().Add(-token.Leeway).Unix() }),
		"not yet valid":                    claims(func(c map[string]any) { c["nbf"] = noon().Add(11 * time.Second).Unix() }),
		"longer than any that were issued": claims(func(c map[string]any) { c["email"] = strings.Repeat("x", token.MaxLength) }),
	} {
		t.Run(name, func(t *testing.T) {
			v := token.NewVerifier(token.NewIssuer(good), noon)
			for range 2 { // a refusal is never remembered as anything else
				if got, err := v.Verify(t.Context(), forged); !errors.Is(err, token.ErrInvalid) || got != (token.Claims{}) {
					t.Errorf("got %+v, %v", got, err)
				}
			}
		})
	}
}

func TestClockSkew(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"expired within the leeway":       func(c map[string]any) { c["exp"] = noon().Add(-9 * time.Second).Unix() },
		"not yet valid within the leeway": func(c map[string]any) { c["nbf"] = noon().Add(9 * time.Second).Unix() },
		"issued by a clock ahead":         func(c map[string]any) { c["iat"] = noon().Add(9 * time.Second).Unix() },
	} {
		t.Run(name, func(t *testing.T) {
			signed := craft(t, jwt.SigningMethodEdDSA, key(1), func(_, c map[string]any) { change(c) })
			if _, err := token.NewVerifier(token.NewIssuer(key(1)), noon).Verify(t.Context(), signed); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLongestTokenFits holds MaxLength to the longest address and role that an account may have.
func TestLongestTokenFits(t *testing.T) {
	i := token.NewIssuer(key(1))
	c := token.Claims{User: strings.Repeat("u", 36), Email: strings.Repeat("<", 254), Role: "customer"}
	signed, err := i.Issue(c, noon(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := token.NewVerifier(i, noon).Verify(t.Context(), signed); err != nil || got != c {
		t.Errorf("a token of %d bytes gave %v", len(signed), err)
	}
}

// moody has an issuer's key, until a test has it lose or change it.
type moody struct {
	token.Issuer
	lost  error
	other ed25519.PublicKey // under the same id
}

func (c *moody) Key(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	if c.lost != nil {
		return nil, c.lost
	}
	if c.other != nil {
		return c.other, nil
	}
	return c.Issuer.Key(ctx, kid)
}

func TestMemoryOutlivesNothing(t *testing.T) {
	c := &clock{noon()}
	keys := &moody{Issuer: token.NewIssuer(key(1))}
	v := token.NewVerifier(keys, c.now)
	signed := issue(t, keys.Issuer, time.Minute)
	verify := func() error { _, err := v.Verify(t.Context(), signed); return err }
	if err := verify(); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Duration]error{time.Minute + 9*time.Second: nil, time.Minute + token.Leeway: token.ErrInvalid, 0: nil} {
		c.at = noon().Add(at)
		if err := verify(); !errors.Is(err, want) {
			t.Errorf("after %v: %v, want %v", at, err, want)
		}
	}
	c.at = noon()
	rotated := *keys
	rotated.Issuer = token.NewIssuer(key(2))
	keys.Issuer, rotated.Issuer = rotated.Issuer, keys.Issuer
	if err := verify(); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("a token whose key was rotated away: %v", err)
	}
	keys.Issuer = rotated.Issuer
	keys.lost = errors.New("connection refused")
	if err := verify(); !errors.Is(err, token.ErrNoKeys) || errors.Is(err, token.ErrInvalid) {
		t.Errorf("a token whose key cannot be read: %v", err)
	}
	if keys.lost = nil; verify() != nil {
		t.Error("the key is back, and the token does not verify")
	}
	keys.other = key(2).Public().(ed25519.PublicKey)
	if err := verify(); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("a token whose key was exchanged under its id: %v", err)
	}
	keys.other = nil
	if err := verify(); err != nil {
		t.Errorf("the key is back: %v", err)
	}
}

func BenchmarkVerify(b *testing.B) {
	i := token.NewIssuer(key(1))
	signed := issue(b, i, time.Hour)
	b.Run("first", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := token.NewVerifier(i, noon).Verify(b.Context(), signed); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("again", func(b *testing.B) {
		v := token.NewVerifier(i, noon)
		b.ReportAllocs()
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if _, err := v.Verify(b.Context(), signed); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
