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

// An Issuer signs tokens with one private key.
type Issuer struct {
	key ed25519.PrivateKey
	kid string
}

// NewIssuer returns an issuer; the key's id is derived from its public half.
func NewIssuer(key ed25519.PrivateKey) Issuer {
	return Issuer{key: key, kid: keyID(public(key))}
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
	t.Header["kid"] = i.kid
	signed, err := t.SignedString(i.key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}

// JWKS returns the public key in the form getJWKS publishes.
func (i Issuer) JWKS() shopapi.JWKS {
	return shopapi.JWKS{Keys: []shopapi.JWK{{
		Kty: "OKP", Crv: "Ed25519", Alg: "EdDSA", Use: "sig", Kid: i.kid,
		X: base64.RawURLEncoding.EncodeToString(public(i.key)),
	}}}
}

// Key returns the issuer's own public key: an issuer verifies what it signs.
func (i Issuer) Key(_ context.Context, kid string) (ed25519.PublicKey, error) {
	if kid != i.kid {
		return nil, fmt.Errorf("key %q: %w", kid, ErrInvalid)
	}
	return public(i.key), nil
}

type contextKey struct{}

// With returns a context that carries the caller's claims.
func With(ctx context.Context, c Claims) context.Context {
	return context.WithValue(ctx, contextKey{}, c)
}

// From returns the caller's claims, if the caller is signed in.
func From(ctx context.Context) (Claims, bool) {
	c, ok := ctx.Value(contextKey{}).(Claims)
	return c, ok
}

func public(key ed25519.PrivateKey) ed25519.PublicKey { return ed25519.PublicKey(key[32:]) }

func keyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
