package identity

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// checker finds out who calls one service.
type checker struct {
	authority    ed25519.PublicKey
	certificates *jwt.Parser
	tokens       *jwt.Parser
	now          func() time.Time
	good         *memory
}

func newChecker(service string, authority ed25519.PublicKey, now func() time.Time) *checker {
	return &checker{
		authority: authority, now: now, good: newMemory(remembered),
		certificates: newParser(now), tokens: newParser(now, jwt.WithAudience(service)),
	}
}

// verify checks two signatures, once for each token: a caller sends the same one for four minutes.
func (c *checker) verify(signed string) (string, error) {
	if len(signed) > longest {
		return "", fmt.Errorf("a token of %d bytes", len(signed))
	}
	now := c.now()
	if service, ok := c.good.recall(signed, now); ok {
		return service, nil
	}
	service, until, err := c.check(signed)
	if err != nil {
		return "", err
	}
	c.good.remember(signed, service, until, now)
	return service, nil
}

// check returns the service and the moment from which the token is good no more.
func (c *checker) check(signed string) (service string, until time.Time, err error) {
	var said claims
	var cert *certificate
	_, err = c.tokens.ParseWithClaims(signed, &said, func(*jwt.Token) (_ any, err error) {
		// Nothing that was said is believed yet: the authority's signature leads to the key, and the key to the rest.
		if cert, err = readCertificate(c.certificates, said.Certificate, c.authority); err != nil {
			return nil, err
		}
		return ed25519.PublicKey(cert.Key), nil
	})
	switch {
	case err != nil:
		return "", until, fmt.Errorf("token: %w", err)
	case said.Subject != cert.Subject:
		return "", until, fmt.Errorf("a token of %q with the certificate of %q", said.Subject, cert.Subject)
	case len(said.Audience) != 1:
		return "", until, errors.New("a token for several services")
	case said.IssuedAt == nil || said.ExpiresAt.Sub(said.IssuedAt.Time) > life+time.Second: // both were cut to whole seconds
		return "", until, errors.New("a token that lives longer than a token does")
	}
	until = said.ExpiresAt.Time
	if cert.ExpiresAt.Before(until) {
		until = cert.ExpiresAt.Time
	}
	return cert.Subject, until.Add(leeway), nil
}
