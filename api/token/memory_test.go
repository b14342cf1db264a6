package token

import (
	"crypto/sha256"
	"testing"
)

func name(i int) (n [sha256.Size]byte) {
	n[0], n[1] = byte(i), byte(i>>8)
	return n
}

func TestMemoryIsBounded(t *testing.T) {
	m := newMemory(10)
	for i := range 1000 {
		m.remember(name(i), &verified{})
		if m.recall(name(0)) == nil {
			t.Fatalf("what is asked for all the time was forgotten after %d others", i)
		}
		if n := len(m.young) + len(m.old); n > 20 {
			t.Fatalf("holds %d after %d", n, i)
		}
	}
	if m.recall(name(500)) != nil {
		t.Error("what nobody asked for is still there")
	}
	if m.recall(name(999)) == nil {
		t.Error("the last one is not there")
	}
	m.forget(name(0))
	if m.recall(name(0)) != nil {
		t.Error("what was forgotten is still there")
	}
}
