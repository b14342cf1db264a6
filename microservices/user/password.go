package user

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Parameters of argon2id: the second of the equal least ones in OWASP's password storage cheat sheet (19 MiB, two passes, one lane). Memory
// is what makes guessing on graphics cards dear; that of the first, 46 MiB, would cost a small machine more than the pass it saves. One
// lane keeps a sign-in on one core. Each hash names its parameters; before these are changed, matches has to take them from there.
const (
	memoryKiB     = 19 * 1024
	passes        = 2
	lanes         = 1
	keyBytes      = 32
	saltBytes     = 16
	hashesAtATime = 4 // bounds memory: each needs 19 MiB
)

// hasher bounds how many passwords are hashed at once.
type hasher struct{ turns chan struct{} }

func newHasher() hasher { return hasher{make(chan struct{}, hashesAtATime)} }

func (h hasher) turn(ctx context.Context) (func(), error) {
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a turn to hash: %w", ctx.Err())
	}
}

// hash returns the encoded hash of a password under a fresh salt.
func (h hasher) hash(ctx context.Context, password string) (string, error) {
	var salt [saltBytes]byte
	if _, err := io.ReadFull(rand.Reader, salt[:]); err != nil {
		return "", fmt.Errorf("salt: %w", err)
	}
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return encode(password, salt[:]), nil
}

func encode(password string, salt []byte) string {
	key := argon2.IDKey([]byte(password), salt, passes, memoryKiB, lanes, keyBytes)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, memoryKiB, passes, lanes, b64.EncodeToString(salt), b64.EncodeToString(key))
}

var errHash = errors.New("not an argon2id hash of this program")

// matches says whether a password has this hash, in constant time.
func (h hasher) matches(ctx context.Context, password, encoded string) (bool, error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errHash
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("%w: %w", errHash, err)
	}
	done, err := h.turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	return subtle.ConstantTimeCompare([]byte(encode(password, salt)), []byte(encoded)) == 1, nil
}
