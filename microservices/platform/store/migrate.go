package store

import (
	"context"
	"embed"
	"errors"
	"figlab/internal/process"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing/fstest"
	"time"

	"github.com/pressly/goose/v3"
)

// Every service has the platform's tables beside its own: 0001 is theirs, a service begins with 0010. A file is written once for both
// databases: @serial@ stands for the type of a growing number, and one whose name ends in .sqlite.sql or .postgres.sql belongs to that
// database alone.
//
//go:embed migrations/*.sql
var platform embed.FS

// migrateTries and migratePause: replicas start at once on one database; who loses the race finds the work done.
const (
	migrateTries = 20
	migratePause = 250 * time.Millisecond
)

// migrate brings the schema up to date, or says which migration stands in the way.
func (s *Store) migrate(ctx context.Context, own fs.FS) error {
	p, err := s.migrations(own)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	for try := 1; ; try++ {
		if err = migrateOnce(ctx, p); err == nil || errors.As(err, new(*SchemaError)) || try == migrateTries {
			return err
		}
		if wait := process.Pause(ctx, migratePause); wait != nil {
			return errors.Join(err, wait)
		}
	}
}

func (s *Store) migrations(own fs.FS) (*goose.Provider, error) {
	files := fstest.MapFS{}
	for _, from := range []fs.FS{platform, own} {
		if err := s.expand(files, from); err != nil {
			return nil, err
		}
	}
	conn, err := s.write.DB()
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectSQLite3
	if s.kind == Postgres {
		dialect = goose.DialectPostgres
	}
	return goose.NewProvider(dialect, conn, files, goose.WithLogger(goose.NopLogger()))
}

// A SchemaError says which migrations keep this program and this database apart. Trying again does not help.
type SchemaError struct {
	Has     int64    // version of the database
	Knows   int64    // newest version this program knows
	Missing []string // files of this program that the database lacks, though it has newer ones
}

// Error names the migrations and the remedy.
func (e *SchemaError) Error() string {
	if len(e.Missing) > 0 {
		return fmt.Sprintf("the schema is at version %d but lacks %s: restore the database, or apply them by hand",
			e.Has, strings.Join(e.Missing, ", "))
	}
	return fmt.Sprintf("the schema is at version %d, and migration %04d is the last that this program knows: "+
		"migration %04d is missing here; start a newer program, or another database", e.Has, e.Knows, e.Knows+1)
}

func migrateOnce(ctx context.Context, p *goose.Provider) error {
	has, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	sources := p.ListSources()
	known := sources[len(sources)-1].Version
	if has > known {
		return &SchemaError{Has: has, Knows: known}
	}
	all, err := p.Status(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	var missing []string
	for _, m := range all {
		if m.State == goose.StatePending && m.Source.Version < has {
			missing = append(missing, path.Base(m.Source.Path))
		}
	}
	if len(missing) > 0 {
		return &SchemaError{Has: has, Knows: known, Missing: missing}
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate to version %d: %w", known, err)
	}
	return nil
}

// expand adds the files of one database.
func (s *Store) expand(out fstest.MapFS, from fs.FS) error {
	serial, other := "INTEGER PRIMARY KEY AUTOINCREMENT", "."+Postgres+".sql"
	if s.kind == Postgres {
		serial, other = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "."+SQLite+".sql"
	}
	names, err := fs.Glob(from, "migrations/*.sql")
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, other) {
			continue
		}
		b, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		text := strings.ReplaceAll(string(b), "@serial@", serial)
		out[path.Base(name)] = &fstest.MapFile{Data: []byte(text), Mode: 0o444}
	}
	return nil
}
