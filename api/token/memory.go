package token

import (
	"crypto/sha256"
	"sync"
)

// generation is how many tokens half of the memory holds: with both halves full it is about two megabytes.
const generation = 2048

// memory holds tokens that were good, by their hash, so that it keeps nothing one could sign in with. It is two halves: when the young one
// is full it becomes the old one, and what nobody asked for since is gone. So it never holds more than twice its size.
type memory struct {
	size int

	mu         sync.Mutex
	young, old map[[sha256.Size]byte]*verified
}

func newMemory(size int) *memory {
	return &memory{size: size, young: map[[sha256.Size]byte]*verified{}}
}

// recall returns what is remembered, or nil.
func (m *memory) recall(name [sha256.Size]byte) *verified {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.young[name]; ok {
		return v
	}
	v, ok := m.old[name]
	if ok {
		m.put(name, v)
	}
	return v
}

func (m *memory) remember(name [sha256.Size]byte, v *verified) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(name, v)
}

func (m *memory) forget(name [sha256.Size]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.young, name)
	delete(m.old, name)
}

func (m *memory) put(name [sha256.Size]byte, v *verified) {
	if len(m.young) >= m.size {
		m.young, m.old = make(map[[sha256.Size]byte]*verified, m.size), m.young
	}
	m.young[name] = v
}
