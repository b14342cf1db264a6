package identity

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// clock is what a test says the time is. It begins now, because certificates do.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newAuthority(t testing.TB) *Authority {
	t.Helper()
	a, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issued(t testing.TB, a *Authority, service string) string {
	t.Helper()
	s, err := a.Issue(service)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func load(t testing.TB, a *Authority, service string, now func() time.Time) *Identity {
	t.Helper()
	i, err := Load(issued(t, a, service), a.Public(), now)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func signed(t testing.TB, i *Identity, audience string) string {
	t.Helper()
	s, err := i.Token(audience)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open returns what is in an issued secret.
func open(t testing.TB, given string) secret {
	t.Helper()
	s, err := readSecret(given)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func pack(s secret) string {
	b, _ := json.Marshal(s)
	return base64.RawURLEncoding.EncodeToString(b)
}

func TestCallerIsKnown(t *testing.T) {
	a, c := newAuthority(t), &clock{time.Now()}
	cart, catalog := load(t, a, "cart", c.now), load(t, a, "catalog", c.now)
	for range 2 { // afresh, then from memory
		if got, err := catalog.Verify(signed(t, cart, "catalog")); err != nil || got != "cart" {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if got, err := load(t, a, "catalog", c.now).Verify(signed(t, cart, "catalog")); err != nil || got != "cart" {
		t.Errorf("a replica got %q, %v", got, err)
	}
	if cart.Service() != "cart" {
		t.Errorf("it is called %q", cart.Service())
	}
}

func TestNobody(t *testing.T) {
	a := newAuthority(t)
	loaded, err := Load("", "", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	good := signed(t, load(t, a, "cart", time.Now), "catalog")
	for name, i := range map[string]*Identity{"loaded": loaded, "nil": nil} {
		if token, err := i.Token("catalog"); token != "" || err != nil || i.Service() != "" {
			t.Errorf("%s: sends %q, %v as %q", name, token, err, i.Service())
		}
		for _, token := range []string{good, ""} {
			if who, err := i.Verify(token); who != "" || !errors.Is(err, ErrUnknown) {
				t.Errorf("%s: knows %q, %v", name, who, err)
			}
		}
		if got := fmt.Sprintf("%v", i); got != "nobody" {
			t.Errorf("%s: shows %s", name, got)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	cart, catalog := issued(t, a, "cart"), issued(t, a, "catalog")
	with := func(change func(*secret)) string {
		s := open(t, cart)
		change(&s)
		return pack(s)
	}
	for name, c := range map[string]struct{ given, authority, want string }{
		"no authority":                  {cart, "", "together"},
		"no identity":                   {"", a.Public(), "together"},
		"authority that is no key":      {cart, "AAAA", "no public key"},
		"authority that is no base64":   {cart, "?", "no public key"},
		"another authority":             {cart, other.Public(), "signature is invalid"},
		"not base64":                    {"{}", a.Public(), "base64url"},
		"not JSON":                      {"AAAA", a.Public(), "not what an authority issues"},
		"truncated":                     {cart[:len(cart)/2], a.Public(), ""},
		"huge":                          {strings.Repeat("A", longest+1), a.Public(), "longer than"},
		"empty":                         {pack(secret{}), a.Public(), "missing"},
		"half a key":                    {with(func(s *secret) { s.Seed = s.Seed[:16] }), a.Public(), "missing"},
		"certificate of another":        {with(func(s *secret) { s.Certificate = open(t, catalog).Certificate }), a.Public(), `is "catalog"'s`},
		"name of another":               {with(func(s *secret) { s.Service = "catalog" }), a.Public(), `is "cart"'s`},
		"swapped key":                   {with(func(s *secret) { s.Seed = open(t, catalog).Seed }), a.Public(), "another key"},
		"certificate that is truncated": {with(func(s *secret) { s.Certificate = s.Certificate[:40] }), a.Public(), "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			i, err := Load(c.given, c.authority, time.Now)
			if err == nil || i != nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, %v", i, err)
			}
			if secretIn(t, err.Error(), cart) {
				t.Errorf("%v shows the secret", err)
			}
		})
	}
	if _, err := Load(cart, a.Public(), func() time.Time { return time.Now().Add(certified + time.Minute) }); !errors.Is(err, jwt.ErrTokenExpired) {
		t.Errorf("an expired certificate gives %v", err)
	}
}

func TestIssueRefuses(t *testing.T) {
	for _, name := range []string{"", strings.Repeat("x", longName+1)} {
		if got, err := newAuthority(t).Issue(name); err == nil || got != "" {
			t.Errorf("issued %q to %q", got, name)
		}
	}
}

// secretIn says whether a text gives away a private key, in any of the ways Go prints bytes, or the secret itself.
func secretIn(t *testing.T, text, given string) bool {
	t.Helper()
	seed := open(t, given).Seed
	for _, form := range []string{
		given, base64.StdEncoding.EncodeToString(seed), base64.RawURLEncoding.EncodeToString(seed), string(seed),
		fmt.Sprintf("%x", seed[:8]), fmt.Sprintf("%X", seed[:8]), strings.Trim(fmt.Sprintf("%d", seed[:8]), "[]"),
		strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", seed[:8]), "[]byte{"), "}"), fmt.Sprintf("%q", seed[:8]),
	} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

// TestSecretsAreNotShown prints an identity that has a token in keeping, and its authority, in every way there is.
func TestSecretsAreNotShown(t *testing.T) {
	a := newAuthority(t)
	given := issued(t, a, "cart")
	cart, err := Load(given, a.Public(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	token := signed(t, cart, "catalog")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, cart); got != "cart" {
			t.Errorf("%s shows %s", verb, got)
		}
		inside := struct {
			I *Identity
			A *Authority
		}{cart, a}
		shown := fmt.Sprintf(verb+" "+verb+" "+verb+" "+verb, inside, *cart, a, *a)
		if secretIn(t, shown, given) || strings.Contains(shown, token) {
			t.Errorf("%s shows a secret: %s", verb, shown)
		}
	}
	var text, lines bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).InfoContext(t.Context(), "who", "identity", cart)
	slog.New(slog.NewJSONHandler(&lines, nil)).InfoContext(t.Context(), "who", "identity", cart)
	if !strings.Contains(text.String(), "identity=cart\n") || !strings.Contains(lines.String(), `"identity":"cart"}`) {
		t.Errorf("logs show %s %s", &text, &lines)
	}
	written, err := json.Marshal([]any{cart, a})
	if err != nil || string(written) != "[{},{}]" {
		t.Errorf("JSON shows %s, %v", written, err)
	}
}
