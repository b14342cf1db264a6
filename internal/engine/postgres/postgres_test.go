package postgres_test

import (
	"database/sql"
	"figlab/internal/engine/postgres"
	"os"
	"path/filepath"
	"testing"
)

func TestClusterServesAndStops(t *testing.T) {
	if err := postgres.Find(); err != nil {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "figlab-pg-*") //nolint:usetesting // the parent of t.TempDir is closed to the user the server runs as
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c, err := postgres.Start(t.Context(), postgres.Options{Dir: filepath.Join(dir, "data"), Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Create(t.Context(), "shop"); err != nil {
		t.Error(err)
	}
	conn, err := sql.Open("pgx", c.DSN("shop"))
	if err != nil {
		t.Fatal(err)
	}
	var one int
	if err := conn.QueryRowContext(t.Context(), "SELECT 1").Scan(&one); err != nil || one != 1 {
		t.Errorf("SELECT 1 gave %d, %v", one, err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	if err := conn.PingContext(t.Context()); err == nil {
		t.Error("it still answers after it was stopped")
	}
}
