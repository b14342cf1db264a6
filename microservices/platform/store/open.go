package store

import (
	"context"
	"database/sql"
	"errors"
	"figlab/shop"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	_ "modernc.org/sqlite" // the pure Go driver "sqlite"
)

// The kinds of database.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Options say which database.
type Options struct {
	Kind       string // sqlite or postgres
	Dir        string // folder of the SQLite file; made when it is not there
	Name       string // of the SQLite file, without its ending
	DSN        string // of Postgres: a database of the service's own
	Migrations fs.FS  // see migrate.go
}

// A Store is the open database.
type Store struct {
	kind      string
	write     *gorm.DB // one connection on SQLite: writers queue here, not in SQLITE_BUSY; replicas queue at the file
	read      *gorm.DB
	emissions chan []Emission
}

// Open opens the database and brings its schema to the version this program knows. A schema of a newer version is refused.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{kind: o.Kind, emissions: make(chan []Emission, 512)}
	var err error
	switch o.Kind {
	case SQLite:
		err = s.openSQLite(o.Dir, o.Name)
	case Postgres:
		err = s.openPostgres(o.DSN)
	default:
		err = fmt.Errorf("unknown store %q: want sqlite or postgres", o.Kind)
	}
	if err == nil {
		err = s.migrate(ctx, o.Migrations)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the database: %w", err), s.Close())
	}
	return s, nil
}

func (s *Store) openSQLite(dir, name string) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	dsn := "file:" + filepath.Join(dir, name+".db") + "?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)" +
		"&_pragma=busy_timeout(5000)&_pragma=cache_size(-8000)"
	if s.write, err = overSQLite(dsn, 1); err != nil {
		return err
	}
	s.read, err = overSQLite(dsn+"&_pragma=query_only(1)", 4)
	return err
}

func overSQLite(dsn string, connections int) (*gorm.DB, error) {
	conn, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	conn.SetMaxOpenConns(connections)
	conn.SetMaxIdleConns(connections)
	return gorm.Open(translating{sqlite.Dialector{DriverName: "sqlite", Conn: conn}}, config(true))
}

func (s *Store) openPostgres(dsn string) (err error) {
	if s.write, err = gorm.Open(checking{&postgres.Dialector{Config: &postgres.Config{DSN: dsn}}}, config(false)); err != nil {
		return err
	}
	conn, err := s.write.DB()
	if err != nil {
		return err
	}
	conn.SetMaxOpenConns(8)
	conn.SetMaxIdleConns(8)
	s.read = s.write
	return nil
}

// config: transactions are opened by Write alone. prepare keeps prepared statements in database/sql; the Postgres driver keeps its own.
func config(prepare bool) *gorm.Config {
	return &gorm.Config{
		SkipDefaultTransaction: true,
		PrepareStmt:            prepare,
		TranslateError:         true,
		Logger:                 logger.Discard,
		NowFunc:                func() time.Time { return time.Time{} }, // rows carry the times the owner gave them
	}
}

// Close closes all connections.
func (s *Store) Close() error {
	var errs []error
	for _, g := range []*gorm.DB{s.read, s.write} {
		if g == nil {
			continue
		}
		conn, err := g.DB()
		if err == nil {
			err = conn.Close()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
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
