package identity

import (
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// renewal is how long before its end a token is made anew: no call outlasts it.
const renewal = time.Minute

// mint makes the tokens of one process, and keeps one for each service it calls.
type mint struct {
	service     string
	certificate string
	end         time.Time // of the certificate
	seal        seal
	now         func() time.Time

	mu     sync.Mutex
	tokens map[string]minted // by audience: as many as there are services
}

type minted struct {
	signed string
	end    time.Time
}

func newMint(service, certificate string, end time.Time, s seal, now func() time.Time) *mint {
	return &mint{service: service, certificate: certificate, end: end, seal: s, now: now, tokens: map[string]minted{}}
}

// token returns the kept token, or makes one. It signs under the lock: once in four minutes an audience waits for tens of microseconds,
// and all who come at once share the one that is made.
func (m *mint) token(audience string) (string, error) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.tokens[audience]
	// After a clock was set back the kept one would be from the future.
	if left := kept.end.Sub(now); left > renewal && left <= life {
		return kept.signed, nil
	}
	if audience == "" || len(audience) > longName {
		return "", fmt.Errorf("sign a token of %s: an audience is the name of a service", m.service)
	}
	if !now.Before(m.end) {
		return "", fmt.Errorf("sign a token of %s: its certificate has expired", m.service)
	}
	made := minted{end: now.Add(life)}
	var err error
	made.signed, err = m.seal(&claims{Certificate: m.certificate, RegisteredClaims: jwt.RegisteredClaims{
		Subject: m.service, Audience: jwt.ClaimStrings{audience},
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(made.end),
	}})
	if err != nil {
		return "", fmt.Errorf("sign a token of %s for %s: %w", m.service, audience, err)
	}
	m.tokens[audience] = made
	return made.signed, nil
}
