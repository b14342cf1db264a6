package token

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const issuer = "figlab"

// Claims say who the caller is.
type Claims struct {
	User  string // id
	Email string
	Role  string // customer or admin
}

// Admin says whether the caller may do what admins do.
func (c Claims) Admin() bool { return c.Role == "admin" }

// Why a token is not taken.
var (
	// ErrInvalid is the cause of every token that does not verify.
	ErrInvalid = &problem.Error{
		Kind: "unauthenticated", Code: "unauthenticated", Detail: "a valid session token is wanted: POST /sessions gives one",
	}
	// ErrNoKeys says that the token may be good, but that the key to verify it cannot be had just now.
	ErrNoKeys = &problem.Error{
		Kind: "unavailable", Code: "keys-unavailable", Detail: "the keys that verify tokens cannot be read just now: try again",
	}
)

type wire struct {
	jwt.RegisteredClaims
	Email string `json:"email"`
	Role  string `json:"role"`
}

func (w *wire) claims() Claims { return Claims{User: w.Subject, Email: w.Email, Role: w.Role} }

// An Issuer signs tokens with one private key, and stands for the tokens of others. So a key is changed without signing anybody out:
// publish the next one beside the current, sign with it a few seconds later, when every Remote finds it, and drop the old one when its
// last token has expired.
type Issuer struct {
	key  ed25519.PrivateKey
	keys []published // the current one first
}

type published struct {
	kid string
	key ed25519.PublicKey
}

// NewIssuer returns an issuer that signs with current, and publishes and verifies with the others too: those that will sign, and those that
// did. A key's id is derived from its public half.
func NewIssuer(current ed25519.PrivateKey, others ...ed25519.PublicKey) Issuer {
	i := Issuer{key: current}
	for _, key := range append([]ed25519.PublicKey{public(current)}, others...) {
		if kid := keyID(key); i.find(kid) == nil { // the same list may be given whichever of its keys is the current one
			i.keys = append(i.keys, published{kid: kid, key: key})
		}
	}
	return i
}

// Issue returns a signed token for the claims that expires after ttl.
func (i Issuer) Issue(c Claims, now time.Time, ttl time.Duration) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, wire{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Subject: c.User,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
		},
		Email: c.Email, Role: c.Role,
	})
	t.Header["kid"] = i.keys[0].kid
	signed, err := t.SignedString(i.key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}

// JWKS returns the public keys in the form getJWKS publishes.
func (i Issuer) JWKS() shopapi.JWKS {
	set := shopapi.JWKS{Keys: make([]shopapi.JWK, 0, len(i.keys))}
	for _, p := range i.keys {
		set.Keys = append(set.Keys, shopapi.JWK{
			Kty: "OKP", Crv: "Ed25519", Alg: "EdDSA", Use: "sig", Kid: p.kid, X: base64.RawURLEncoding.EncodeToString(p.key),
		})
	}
	return set
}

// Key returns a public key of the issuer's own: an issuer verifies what it publishes.
func (i Issuer) Key(_ context.Context, kid string) (ed25519.PublicKey, error) {
	if key := i.find(kid); key != nil {
		return key, nil
	}
	return nil, fmt.Errorf("key %q: %w", kid, ErrInvalid)
}

func (i Issuer) find(kid string) ed25519.PublicKey {
	for _, p := range i.keys {
		if p.kid == kid {
			return p.key
		}
	}
	return nil
}

func public(key ed25519.PrivateKey) ed25519.PublicKey { return ed25519.PublicKey(key[32:]) }

func keyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
