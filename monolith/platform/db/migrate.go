package db

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"testing/fstest"

	"github.com/pressly/goose/v3"
)

// The files are written once for both databases: @serial@ stands for the type of a growing number, and a file whose name ends in
// .sqlite.sql or .postgres.sql belongs to that database alone.
//
//go:embed migrations/*.sql
var files embed.FS

// migrate brings the schema up to date, or says why it cannot.
func (d *DB) migrate(ctx context.Context) error {
	migrations, err := forStore(d.store)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	conn, err := d.write.DB()
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	dialect := goose.DialectSQLite3
	if d.store == Postgres {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, conn, migrations, goose.WithLogger(goose.NopLogger()))
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

// forStore expands the files for one database.
func forStore(store string) (fs.FS, error) {
	serial, other := "INTEGER PRIMARY KEY AUTOINCREMENT", "."+Postgres+".sql"
	if store == Postgres {
		serial, other = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "."+SQLite+".sql"
	}
	out := fstest.MapFS{}
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, other) {
			continue
		}
		b, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		short := strings.TrimPrefix(name, "migrations/")
		out[short] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(string(b), "@serial@", serial)), Mode: 0o444}
	}
	return out, nil
}
