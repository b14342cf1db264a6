package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	_ "modernc.org/sqlite" // the pure Go driver "sqlite"
)

// The stores.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Options say which database.
type Options struct {
	Store string // sqlite or postgres
	Dir   string // folder of the SQLite file
	DSN   string // of Postgres
}

// A DB is the open database.
type DB struct {
	store   string
	write   *gorm.DB // one connection on SQLite: writers queue here, not in SQLITE_BUSY
	read    *gorm.DB
	commits chan struct{}
}

// Open opens the database and brings its schema to the version this program knows. A schema of a newer version is refused.
func Open(ctx context.Context, o Options) (*DB, error) {
	d := &DB{store: o.Store, commits: make(chan struct{}, 1)}
	var err error
	switch o.Store {
	case SQLite:
		err = d.openSQLite(filepath.Join(o.Dir, "monolith.db"))
	case Postgres:
		err = d.openPostgres(o.DSN)
	default:
		err = fmt.Errorf("unknown store %q: want sqlite or postgres", o.Store)
	}
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := d.migrate(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *DB) openSQLite(path string) (err error) {
	dsn := "file:" + path + "?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)" +
		"&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=cache_size(-16000)"
	if d.write, err = openGorm(dsn, 1); err != nil {
		return err
	}
	d.read, err = openGorm(dsn+"&_pragma=query_only(1)", 8)
	return err
}

func openGorm(dsn string, connections int) (*gorm.DB, error) {
	conn, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	conn.SetMaxOpenConns(connections)
	conn.SetMaxIdleConns(connections)
	return gorm.Open(translating{sqlite.Dialector{DriverName: "sqlite", Conn: conn}}, config(true))
}

func (d *DB) openPostgres(dsn string) (err error) {
	d.write, err = gorm.Open(checking{&postgres.Dialector{Config: &postgres.Config{DSN: dsn}}}, config(false))
	if err != nil {
		return err
	}
	conn, err := d.write.DB()
	if err != nil {
		return err
	}
	conn.SetMaxOpenConns(24)
	conn.SetMaxIdleConns(24)
	d.read = d.write
	return nil
}

// config: transactions are opened by Write alone. prepare keeps prepared statements in database/sql; not for Postgres, whose driver keeps
// them per connection, while database/sql would spend a round trip on preparing them again in each transaction.
func config(prepare bool) *gorm.Config {
	return &gorm.Config{
		SkipDefaultTransaction: true,
		PrepareStmt:            prepare,
		TranslateError:         true,
		Logger:                 logger.Discard,
		NowFunc:                func() time.Time { return time.Time{} }, // rows carry the times the rules gave them
	}
}

// Store says which database this is.
func (d *DB) Store() string { return d.store }

// Close closes all connections.
func (d *DB) Close() error {
	var errs []error
	for _, g := range []*gorm.DB{d.read, d.write} {
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
