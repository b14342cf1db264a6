package identity

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// ErrUnknown is all that a caller is told whose token does not hold. What it wraps says why, and is for the log.
var ErrUnknown = errors.New("the caller is not known")

// An Identity is what a process shows to others and checks others with. A nil one, and one loaded from nothing, is nobody's: it has no
// name, sends no tokens, and knows no caller.
type Identity struct {
	service string
	// Both are functions: whoever prints a copy, past Format, sees addresses and neither key nor tokens.
	token  func(audience string) (string, error)
	verify func(token string) (string, error)
}

// Load reads what the authority issued: the values of EnvIdentity and EnvAuthority. Both empty is nobody's identity, one of them is an
// error. No error shows any part of the secret. now is the only clock.
func Load(given, authority string, now func() time.Time) (*Identity, error) {
	if given == "" && authority == "" {
		return &Identity{}, nil
	}
	if given == "" || authority == "" {
		return nil, fmt.Errorf("load identity: %s and %s are given together or not at all", EnvIdentity, EnvAuthority)
	}
	public, err := base64.StdEncoding.Strict().DecodeString(authority)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("load identity: %s is no public key", EnvAuthority)
	}
	s, err := readSecret(given)
	if err != nil {
		return nil, fmt.Errorf("load identity: %s: %w", EnvIdentity, err)
	}
	c, err := readCertificate(newParser(now), s.Certificate, public)
	if err != nil {
		return nil, fmt.Errorf("load identity of %q: %w", s.Service, err)
	}
	key := ed25519.NewKeyFromSeed(s.Seed)
	if c.Subject != s.Service {
		return nil, fmt.Errorf("load identity of %q: the certificate is %q's", s.Service, c.Subject)
	}
	if !bytes.Equal(c.Key, key[ed25519.SeedSize:]) {
		return nil, fmt.Errorf("load identity of %q: the certificate is for another key", s.Service)
	}
	return &Identity{
		service: s.Service,
		token:   newMint(s.Service, s.Certificate, c.ExpiresAt.Time, newSeal(key), now).token,
		verify:  newChecker(s.Service, public, now).verify,
	}, nil
}

// readSecret tells no more than that it cannot be read: a decoder's error may quote what it was given.
func readSecret(given string) (s secret, err error) {
	if len(given) > longest {
		return s, fmt.Errorf("longer than %d bytes", longest)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(given)
	if err != nil {
		return s, errors.New("not base64url")
	}
	if json.Unmarshal(b, &s) != nil {
		return secret{}, errors.New("not what an authority issues")
	}
	if s.Service == "" || len(s.Seed) != ed25519.SeedSize || s.Certificate == "" {
		return secret{}, errors.New("service, key or certificate is missing")
	}
	return s, nil
}

// Service is the name others know this process by; empty when it is nobody.
func (i *Identity) Service() string {
	if i == nil {
		return ""
	}
	return i.service
}

// Token returns what tells the audience, a service, who calls. It is good for a minute at least. Nobody's token is empty: there is nothing
// to send.
func (i *Identity) Token(audience string) (string, error) {
	if i.Service() == "" {
		return "", nil
	}
	return i.token(audience)
}

// Verify returns the service that a token was made by. Every error is ErrUnknown.
func (i *Identity) Verify(token string) (string, error) {
	if i.Service() == "" {
		return "", fmt.Errorf("%w: this process has no identity to check with", ErrUnknown)
	}
	service, err := i.verify(token)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return service, nil
}

// Format prints the service and nothing else, whatever the verb.
func (i *Identity) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, i.shown()) }

// LogValue is what a log shows: the service.
func (i *Identity) LogValue() slog.Value { return slog.StringValue(i.shown()) }

func (i *Identity) shown() string {
	if i.Service() == "" {
		return "nobody"
	}
	return i.service
}
