package identity

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	life      = 5 * time.Minute    // of a token
	certified = 7 * 24 * time.Hour // of a certificate: longer than any run
	leeway    = 10 * time.Second   // how far the clocks of two processes may differ
	longest   = 4 << 10            // bytes of a token or a secret: what is longer is not looked at
	longName  = 64                 // bytes of a service's name
)

// certificate is what the authority signs: this key is this service's. The subject is the service.
type certificate struct {
	jwt.RegisteredClaims
	Key []byte `json:"key"`
}

// claims is what a process signs: this call comes from me and goes to you.
type claims struct {
	jwt.RegisteredClaims
	Certificate string `json:"certificate"`
}

// seal signs with a key that only the function holds, so that nothing that prints its owner can print the key.
type seal func(jwt.Claims) (string, error)

func newSeal(key ed25519.PrivateKey) seal {
	return func(c jwt.Claims) (string, error) {
		return jwt.NewWithClaims(jwt.SigningMethodEdDSA, c).SignedString(key)
	}
}

// newParser returns what reads certificates and tokens. The method is pinned: a header that names another one, or none, is refused before
// any key is looked at.
func newParser(now func() time.Time, more ...jwt.ParserOption) *jwt.Parser {
	return jwt.NewParser(append(more, jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithStrictDecoding(),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(now))...)
}

// readCertificate returns what the authority certified.
func readCertificate(p *jwt.Parser, signed string, authority ed25519.PublicKey) (*certificate, error) {
	c := &certificate{}
	if _, err := p.ParseWithClaims(signed, c, func(*jwt.Token) (any, error) { return authority, nil }); err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	if c.Subject == "" {
		return nil, errors.New("certificate: names no service")
	}
	return c, nil
}
