package identity

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// What a process finds in its environment: its own secret, and the authority's public key.
const (
	EnvIdentity  = "FIGLAB_IDENTITY"
	EnvAuthority = "FIGLAB_AUTHORITY"
)

// An Authority says which process of a run is which service. Its key exists in the process that made it and nowhere else.
type Authority struct {
	seal   seal
	public ed25519.PublicKey
}

// NewAuthority makes the key of a run.
func NewAuthority() (*Authority, error) {
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("make the authority's key: %w", err)
	}
	return &Authority{seal: newSeal(key), public: public}, nil
}

// Public is what every process verifies certificates with: EnvAuthority.
func (a *Authority) Public() string { return base64.StdEncoding.EncodeToString(a.public) }

// Format prints what anybody may know, whatever the verb.
func (a *Authority) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "authority "+a.Public()) }

// secret is what one process is given.
type secret struct {
	Service     string `json:"service"`
	Seed        []byte `json:"seed"` // of its private key
	Certificate string `json:"certificate"`
}

// Issue makes a key for one process of a service and returns it with its certificate: EnvIdentity. Replicas are the same service, each
// with a key of its own.
func (a *Authority) Issue(service string) (string, error) {
	if service == "" || len(service) > longName {
		return "", fmt.Errorf("issue an identity: a service's name has 1 to %d bytes, not %d", longName, len(service))
	}
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return "", fmt.Errorf("make a key for %s: %w", service, err)
	}
	now := time.Now()
	c, err := a.seal(&certificate{Key: public, RegisteredClaims: jwt.RegisteredClaims{
		Subject: service, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(certified)),
	}})
	if err != nil {
		return "", fmt.Errorf("certify %s: %w", service, err)
	}
	b, err := json.Marshal(secret{Service: service, Seed: key.Seed(), Certificate: c})
	if err != nil {
		return "", fmt.Errorf("write the identity of %s: %w", service, err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}
