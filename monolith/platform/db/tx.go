package db

import (
	"context"
	"database/sql"
	"errors"
	"figlab/shop"
	"fmt"
	"strings"

	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

// A Tx is the transaction of one use case. Whoever takes part in the use case gets it as an argument.
type Tx struct {
	*gorm.DB
	emitted bool
	after   []func()
}

// ErrDuplicate is returned for a row whose key is already there.
var ErrDuplicate = gorm.ErrDuplicatedKey

// ErrNone is returned where a row was wanted and there is none.
var ErrNone = gorm.ErrRecordNotFound

// Write runs one use case in one transaction. On Postgres the isolation level is read committed and rows that are decided on are locked;
// a deadlock or serialization failure is tried again, three times at most: fn must do nothing that a rollback does not undo.
func (d *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	var err error
	for range 4 {
		tx := &Tx{}
		err = d.write.WithContext(ctx).Transaction(func(g *gorm.DB) error {
			tx.DB = g
			return fn(tx)
		}, &sql.TxOptions{})
		if err == nil {
			if tx.emitted {
				d.signal()
			}
			for _, f := range tx.after {
				f()
			}
			return nil
		}
		if !again(err) {
			return err
		}
	}
	return fmt.Errorf("transaction gave up: %w", err)
}

// Read returns a handle for reading outside a transaction.
func (d *DB) Read(ctx context.Context) *gorm.DB { return d.read.WithContext(ctx) }

// Snapshot runs several reads that must agree in one read transaction.
func (d *DB) Snapshot(ctx context.Context, fn func(*gorm.DB) error) error {
	o := &sql.TxOptions{ReadOnly: true}
	if d.store == Postgres {
		o.Isolation = sql.LevelRepeatableRead
	}
	return d.read.WithContext(ctx).Transaction(fn, o)
}

// Emitted notes that the transaction has written to the outbox: the relay is woken when it commits.
func (t *Tx) Emitted() { t.emitted = true }

// AfterCommit has f called once the transaction has committed; a rollback forgets it. f must not block: it wakes somebody, who would find
// nothing if it were called any earlier.
func (t *Tx) AfterCommit(f func()) { t.after = append(t.after, f) }

// Emissions receives after a commit that wrote to the outbox; several commits may share one receipt.
func (d *DB) Emissions() <-chan struct{} { return d.commits }

func (d *DB) signal() {
	select {
	case d.commits <- struct{}{}:
	default: // the relay has not taken the last one yet: it will see this commit too
	}
}

// Locking adds FOR UPDATE where writers run at once; on SQLite there is one writer at a time.
func (t *Tx) Locking() *gorm.DB {
	if t.Name() == SQLite {
		return t.DB
	}
	return t.Clauses(forUpdate())
}

func again(err error) bool {
	text := err.Error()
	for _, code := range []string{"SQLSTATE 40001", "SQLSTATE 40P01"} {
		if strings.Contains(text, code) {
			return true
		}
	}
	return false
}

// translating gives the errors of the pure Go driver the names gorm has for them: gorm knows only those of the C driver.
type translating struct{ sqlite.Dialector }

// Translate implements gorm.ErrorTranslator. 2067 is SQLITE_CONSTRAINT_UNIQUE, 1555 SQLITE_CONSTRAINT_PRIMARYKEY.
func (translating) Translate(err error) error {
	var coded interface{ Code() int }
	if errors.As(err, &coded) && (coded.Code() == 2067 || coded.Code() == 1555) {
		return fmt.Errorf("%w: %w", gorm.ErrDuplicatedKey, err)
	}
	return err
}

// ErrText is returned for a text that Postgres cannot hold: one with a zero byte, or one that is not UTF-8.
var ErrText = shop.NewError("malformed", "invalid-request", "a text holds bytes that are no characters")

// checking tells a text that Postgres refuses from a failure: it is the caller's fault.
type checking struct{ *postgres.Dialector }

// Translate implements gorm.ErrorTranslator. 22021 is character_not_in_repertoire.
func (c checking) Translate(err error) error {
	var coded interface{ SQLState() string }
	if errors.As(err, &coded) && coded.SQLState() == "22021" {
		return fmt.Errorf("%w: %w", ErrText, err)
	}
	return c.Dialector.Translate(err)
}
