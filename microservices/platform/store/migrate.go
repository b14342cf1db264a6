package store

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"

	"github.com/pressly/goose/v3"
)

// migrate brings the schema up to date, or says why it cannot. The files stand in the folder migrations of the given file system; one whose
// name ends in .sqlite.sql or .postgres.sql belongs to that database alone.
func (s *Store) migrate(ctx context.Context, files fs.FS) error {
	own, err := belonging(files, s.kind)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	conn, err := s.write.DB()
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	dialect := goose.DialectSQLite3
	if s.kind == Postgres {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, conn, own, goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	sources := p.ListSources()
	known := sources[len(sources)-1].Version
	if has, err := p.GetDBVersion(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	} else if has > known {
		return fmt.Errorf("the schema is at version %d, this program knows %d: start a newer program, or another database", has, known)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate to version %d: %w", known, err)
	}
	return nil
}

// belonging returns the files of one database.
func belonging(files fs.FS, kind string) (fs.FS, error) {
	other := "." + SQLite + ".sql"
	if kind == SQLite {
		other = "." + Postgres + ".sql"
	}
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	out := fstest.MapFS{}
	for _, name := range names {
		if strings.HasSuffix(name, other) {
			continue
		}
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		out[strings.TrimPrefix(name, "migrations/")] = &fstest.MapFile{Data: b, Mode: 0o444}
	}
	return out, nil
}
