package monolith_test

import (
	"database/sql"
	"sync"
	"testing"
)

// deadlocks is how many deadlocks Postgres has broken up in a database. It is counted, not guessed from how long something took.
func deadlocks(t *testing.T, dsn string) (n int64) {
	t.Helper()
	conn, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	err = conn.QueryRowContext(t.Context(), "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestDeadlocksAreCounted: two transactions that lock two rows in opposite orders are seen, so a count of none means none.
func TestDeadlocksAreCounted(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	conn, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(t.Context(), "CREATE TABLE pair AS SELECT id FROM generate_series(0, 1) AS id"); err != nil {
		t.Fatal(err)
	}
	var first, both sync.WaitGroup
	first.Add(2)
	for i := range 2 {
		both.Go(func() {
			tx, err := conn.BeginTx(t.Context(), nil)
			if err != nil {
				t.Error(err)
				first.Done()
				return
			}
			_, err = tx.ExecContext(t.Context(), "SELECT id FROM pair WHERE id = $1 FOR UPDATE", i)
			if first.Done(); err != nil {
				t.Error(err)
			}
			first.Wait()
			_, _ = tx.ExecContext(t.Context(), "SELECT id FROM pair WHERE id = $1 FOR UPDATE", 1-i) // one of the two is refused
			_ = tx.Rollback()
		})
	}
	both.Wait()
	eventually(t, "the deadlock is counted", func() bool { return deadlocks(t, dsn) == 1 })
}
