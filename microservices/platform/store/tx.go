package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
)

// ErrDuplicate is returned for a row whose key is already there.
var ErrDuplicate = gorm.ErrDuplicatedKey

// ErrNone is returned where a row was wanted and there is none.
var ErrNone = gorm.ErrRecordNotFound

// Write runs fn in one transaction. What Postgres breaks off because of a deadlock is tried again, three times at most: fn must do nothing
// that a rollback does not undo.
func (s *Store) Write(ctx context.Context, fn func(tx *gorm.DB) error) error {
	var err error
	for range 4 {
		if err = s.write.WithContext(ctx).Transaction(fn); err == nil || !again(err) {
			return err
		}
	}
	return fmt.Errorf("transaction gave up: %w", err)
}

// Read returns a handle for reading outside a transaction.
func (s *Store) Read(ctx context.Context) *gorm.DB { return s.read.WithContext(ctx) }

// Ready says why the database does not answer, or nil.
func (s *Store) Ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.Read(ctx).Exec("SELECT 1").Error; err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	return nil
}

// again: serialization failure and deadlock.
func again(err error) bool {
	text := err.Error()
	return strings.Contains(text, "SQLSTATE 40001") || strings.Contains(text, "SQLSTATE 40P01")
}

// Micros is how a time is stored. The zero time is stored as 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time is the inverse of Micros.
func Time(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
