package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// A Tx is the transaction of one use case.
type Tx struct {
	*gorm.DB
	emitted []Emission
	after   []func()
}

// An Emission is an event as the outbox has written it.
type Emission struct {
	ID, Subject string
	Body        []byte
}

// ErrDuplicate is returned for a row whose key is already there.
var ErrDuplicate = gorm.ErrDuplicatedKey

// ErrNone is returned where a row was wanted and there is none.
var ErrNone = gorm.ErrRecordNotFound

// Write runs fn in one transaction. On Postgres the isolation level is read committed and rows that are decided on are locked; what is
// broken off because of a deadlock is tried again, three times at most: fn must do nothing that a rollback does not undo.
func (s *Store) Write(ctx context.Context, fn func(tx *Tx) error) error {
	var err error
	for range 4 {
		tx := &Tx{}
		err = s.write.WithContext(ctx).Transaction(func(g *gorm.DB) error {
			tx.DB = g
			return fn(tx)
		})
		if err == nil {
			s.committed(tx)
			return nil
		}
		if !again(err) {
			return err
		}
	}
	return fmt.Errorf("transaction gave up: %w", err)
}

func (s *Store) committed(tx *Tx) {
	if len(tx.emitted) > 0 {
		select {
		case s.emissions <- tx.emitted:
		default: // the relay is far behind: it finds them in the outbox
		}
	}
	for _, f := range tx.after {
		f()
	}
}

// Read returns a handle for reading outside a transaction.
func (s *Store) Read(ctx context.Context) *gorm.DB { return s.read.WithContext(ctx) }

// Snapshot runs several reads that must agree in one read transaction.
func (s *Store) Snapshot(ctx context.Context, fn func(q *gorm.DB) error) error {
	o := &sql.TxOptions{ReadOnly: true}
	if s.kind == Postgres {
		o.Isolation = sql.LevelRepeatableRead
	}
	return s.read.WithContext(ctx).Transaction(fn, o)
}

// Emit notes what the transaction has written to the outbox: the relay gets it when it has committed.
func (t *Tx) Emit(e ...Emission) { t.emitted = append(t.emitted, e...) }

// Emissions receives what each commit has written to the outbox. It holds a few hundred commits; what comes beyond them is in the outbox
// alone.
func (s *Store) Emissions() <-chan []Emission { return s.emissions }

// AfterCommit has f called once the transaction has committed; a rollback forgets it. f must not block: it wakes somebody, who would find
// nothing if it were called any earlier.
func (t *Tx) AfterCommit(f func()) { t.after = append(t.after, f) }

// Locking adds FOR UPDATE where writers run at once; on SQLite there is one writer at a time.
func (t *Tx) Locking() *gorm.DB {
	if t.Name() == SQLite {
		return t.DB
	}
	return t.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate})
}

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
