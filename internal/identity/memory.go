package identity

import (
	"maps"
	"strings"
	"sync"
	"time"
)

// remembered is how many tokens a process keeps in mind: each caller's process has one or two at a time.
const remembered = 1024

// memory holds tokens that were good, until they expire. When it is full of ones that have not, it begins anew: that costs a signature
// each.
type memory struct {
	size int

	mu   sync.RWMutex
	good map[string]known
}

type known struct {
	service string
	until   time.Time
}

func newMemory(size int) *memory { return &memory{size: size, good: map[string]known{}} }

func (m *memory) recall(token string, now time.Time) (string, bool) {
	m.mu.RLock()
	k, ok := m.good[token]
	m.mu.RUnlock()
	if !ok || !now.Before(k.until) {
		return "", false
	}
	return k.service, true
}

func (m *memory) remember(token, service string, until, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.good) >= m.size {
		maps.DeleteFunc(m.good, func(_ string, k known) bool { return !now.Before(k.until) })
	}
	if len(m.good) >= m.size {
		clear(m.good)
	}
	// The token is a piece of a request's headers, which are not to be kept with it.
	m.good[strings.Clone(token)] = known{service: service, until: until}
}
