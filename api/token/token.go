// Package token issues and verifies the shop's session tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037), verified by the
// keys that getJWKS publishes.
package token

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
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

// ErrInvalid is the cause of every token that does not verify.
var ErrInvalid = &problem.Error{
	Kind: "unauthenticated", Code: "unauthenticated", Detail: "a valid session token is wanted: POST /sessions gives one",
}

type wire struct {
	jwt.RegisteredClaims
	Email string `json:"email"`
	Role  string `json:"role"`
}

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

// Keys finds the public key of an id.
type Keys interface {
	Key(ctx context.Context, kid string) (ed25519.PublicKey, error)
}

// Key returns the issuer's own public key: an issuer verifies what it signs.
func (i Issuer) Key(_ context.Context, kid string) (ed25519.PublicKey, error) {
	if kid != i.kid {
		return nil, fmt.Errorf("key %q: %w", kid, ErrInvalid)
	}
	return public(i.key), nil
}

// A Verifier turns a token into claims.
type Verifier struct {
	keys Keys
	now  func() time.Time
}

// NewVerifier returns a verifier over keys.
func NewVerifier(keys Keys, now func() time.Time) Verifier { return Verifier{keys, now} }

// Verify checks signature, method, issuer and expiry (with ten seconds of leeway). Every failure is ErrInvalid.
func (v Verifier) Verify(ctx context.Context, signed string) (Claims, error) {
	var w wire
	_, err := jwt.ParseWithClaims(signed, &w, func(t *jwt.Token) (any, error) {
		kid, ok := t.Header["kid"].(string)
		if !ok {
			return nil, errors.New("no key id")
		}
		return v.keys.Key(ctx, kid)
	},
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithIssuer(issuer), jwt.WithExpirationRequired(),
		jwt.WithLeeway(10*time.Second), jwt.WithTimeFunc(v.now))
	if err != nil || w.Subject == "" {
		return Claims{}, ErrInvalid
	}
	return Claims{User: w.Subject, Email: w.Email, Role: w.Role}, nil
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
