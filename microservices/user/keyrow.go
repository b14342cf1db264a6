package user

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"figlab/api/token"
	"figlab/microservices/platform/store"
	"fmt"
	"io"
	"time"

	"gorm.io/gorm"
)

// The states of a key. There is one of the first two each, always: the schema sees to it.
const (
	next    = "next"    // published, does not sign yet
	current = "current" // signs
	retired = "retired" // has signed what may still be shown
)

type keyRow struct {
	ID        string `gorm:"primaryKey"`
	Public    string
	Private   string
	State     string
	Created   int64
	RetiredAt int64
}

// TableName names the table.
func (keyRow) TableName() string { return "user_keys" }

// Format prints what anybody may know, whatever the verb: a key must not find its way into a log.
func (k keyRow) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.State+" key "+k.ID) }

// forgetKeys deletes the keys whose last token has expired.
func forgetKeys(tx *store.Tx, now time.Time) error {
	return tx.Delete(&keyRow{}, "state = ? AND retired_at <= ?", retired, store.Micros(now.Add(-kept))).Error
}

// readKeys reads the keys that are published, the oldest first.
func readKeys(q *gorm.DB, now time.Time) (rows keyRows, err error) {
	err = q.Order("created, id").Find(&rows, "state <> ? OR retired_at > ?", retired, store.Micros(now.Add(-kept))).Error
	if err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	return rows, nil
}

// addKeys makes new keys, one for each state.
func addKeys(tx *store.Tx, at time.Time, states ...string) error {
	rows := make(keyRows, len(states))
	for i, state := range states {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return fmt.Errorf("make a key: %w", err)
		}
		b64 := base64.StdEncoding
		rows[i] = keyRow{
			ID: token.NewIssuer(private).JWKS().Keys[0].Kid, State: state, Created: store.Micros(at),
			Public: b64.EncodeToString(public), Private: b64.EncodeToString(private.Seed()),
		}
	}
	if err := tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("keep a new key: %w", err)
	}
	return nil
}

// retire takes the key out of use. Its private half is forgotten: nothing is ever signed with it again.
func (k keyRow) retire(tx *store.Tx, at time.Time) error {
	return k.move(tx, map[string]any{"state": retired, "private": "", "retired_at": store.Micros(at)})
}

func (k keyRow) promote(tx *store.Tx) error { return k.move(tx, map[string]any{"state": current}) }

// move changes the key, unless it is no longer in the state in which it was read.
func (k keyRow) move(tx *store.Tx, to map[string]any) error {
	done := tx.Model(&keyRow{}).Where("id = ? AND state = ?", k.ID, k.State).Updates(to)
	if done.Error != nil {
		return fmt.Errorf("move key %s from %s: %w", k.ID, k.State, done.Error)
	}
	if done.RowsAffected != 1 {
		return errTurned
	}
	return nil
}

// keyRows is a ring as it is stored.
type keyRows []keyRow

// in returns the key in a state.
func (rows keyRows) in(state string) *keyRow {
	for i := range rows {
		if rows[i].State == state {
			return &rows[i]
		}
	}
	return nil
}

var (
	errNoKey  = errors.New("the ring has no current or no next key")
	errBadKey = errors.New("the stored one is not a key")
)

// issuer signs with the current key and stands for all.
func (rows keyRows) issuer() (token.Issuer, error) {
	signing := rows.in(current)
	if signing == nil {
		return token.Issuer{}, errNoKey
	}
	seed, err := signing.decode(signing.Private, ed25519.SeedSize)
	if err != nil {
		return token.Issuer{}, err
	}
	others := make([]ed25519.PublicKey, len(rows))
	for i, r := range rows {
		public, err := r.decode(r.Public, ed25519.PublicKeySize)
		if err != nil {
			return token.Issuer{}, err
		}
		others[i] = public
	}
	return token.NewIssuer(ed25519.NewKeyFromSeed(seed), others...), nil
}

// decode tells no more than that it cannot be read: a decoder's error may quote what it was given.
func (k keyRow) decode(text string, size int) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) != size {
		return nil, fmt.Errorf("key %s: %w", k.ID, errBadKey)
	}
	return b, nil
}
