package token

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// MaxLength bounds a token, in bytes: what is longer is not looked at. The longest that an Issuer makes of a legal address is shorter.
	MaxLength = 4 << 10
	// Leeway is how far the clocks of issuer and verifier may differ.
	Leeway = 10 * time.Second
)

// Keys finds the public key of an id. A key that does not exist is ErrInvalid; every other error means that nobody can say just now.
type Keys interface {
	Key(ctx context.Context, kid string) (ed25519.PublicKey, error)
}

// A Verifier turns a token into claims. It remembers the last few thousand tokens that were good, because a signature costs tens of
// microseconds and a session uses the same token many times. Copies share the memory.
type Verifier struct {
	keys   Keys
	parser *jwt.Parser
	rules  *jwt.Validator
	good   *memory
}

// NewVerifier returns a verifier over keys; now is its only clock.
func NewVerifier(keys Keys, now func() time.Time) Verifier {
	options := []jwt.ParserOption{
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithStrictDecoding(), jwt.WithIssuer(issuer),
		jwt.WithExpirationRequired(), jwt.WithLeeway(Leeway), jwt.WithTimeFunc(now),
	}
	return Verifier{keys: keys, parser: jwt.NewParser(options...), rules: jwt.NewValidator(options...), good: newMemory(generation)}
}

// Verify checks signature, method, issuer and times (with ten seconds of leeway). A bad token is ErrInvalid, a key that cannot be looked
// up is ErrNoKeys. A token that is remembered is still held to the clock and to the keys of this moment: one that expired, or whose key
// has left the key set, is refused at once. How soon a key leaves the set is the business of Keys.
func (v Verifier) Verify(ctx context.Context, signed string) (Claims, error) {
	if len(signed) > MaxLength {
		return Claims{}, ErrInvalid
	}
	name := sha256.Sum256([]byte(signed))
	if known := v.good.recall(name); known != nil {
		if err := v.recheck(ctx, known); err != nil {
			v.good.forget(name)
			return Claims{}, err
		}
		return known.wire.claims(), nil
	}
	known, err := v.check(ctx, signed)
	if err != nil {
		return Claims{}, err
	}
	v.good.remember(name, known)
	return known.wire.claims(), nil
}

// verified is a token whose signature was good, with the key that says so.
type verified struct {
	wire wire
	kid  string
	key  ed25519.PublicKey
}

// check verifies a token that was never seen.
func (v Verifier) check(ctx context.Context, signed string) (*verified, error) {
	out := &verified{}
	var lost error
	_, err := v.parser.ParseWithClaims(signed, &out.wire, func(t *jwt.Token) (_ any, err error) {
		kid, ok := t.Header["kid"].(string)
		if !ok {
			return nil, errors.New("no key id")
		}
		out.kid = kid
		out.key, lost = v.keys.Key(ctx, kid)
		return out.key, lost
	})
	if lost != nil {
		return nil, refusal(lost)
	}
	if err != nil || out.wire.Subject == "" {
		return nil, ErrInvalid
	}
	return out, nil
}

// recheck is what can change about a token that was good once: the time, and the keys.
func (v Verifier) recheck(ctx context.Context, known *verified) error {
	key, err := v.keys.Key(ctx, known.kid)
	if err != nil {
		return refusal(err)
	}
	if !known.key.Equal(key) || v.rules.Validate(&known.wire) != nil {
		return ErrInvalid
	}
	return nil
}

// refusal tells a key that does not exist from one that cannot be looked up: only the first is the caller's fault.
func refusal(err error) error {
	if errors.Is(err, ErrInvalid) {
		return ErrInvalid
	}
	return fmt.Errorf("%w: %w", ErrNoKeys, err)
}
