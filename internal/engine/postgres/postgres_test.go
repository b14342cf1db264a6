package postgres

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// parentEnv makes the test binary play a parent that starts a server and is then killed.
const parentEnv = "FIGLAB_TEST_POSTGRES_PARENT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentEnv); dir != "" {
		c, err := Start(context.Background(), Options{Dir: dir, Unsafe: true})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(c.server.PID())
		select {}
	}
	os.Exit(m.Run())
}

// place returns a data folder the server's user can reach, or skips the test with the reason why there is no server.
func place(t *testing.T) string {
	t.Helper()
	if err := Find(); err != nil {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "figlab-pg-*") //nolint:usetesting // the parent of t.TempDir is closed to the user the server runs as
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return filepath.Join(dir, "data")
}

func start(t *testing.T, dir string) *Cluster {
	t.Helper()
	begin := time.Now()
	c, err := Start(t.Context(), Options{Dir: dir, Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %s", time.Since(begin))
	return c
}

func ask(t *testing.T, dsn, question string) (answer int, err error) {
	t.Helper()
	conn, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return answer, conn.QueryRowContext(t.Context(), question).Scan(&answer)
}

func write(t *testing.T, dsn, statement string) error {
	t.Helper()
	conn, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = conn.ExecContext(t.Context(), statement)
	return err
}

func TestServesKeepsItsDataAndStops(t *testing.T) {
	dir := place(t)
	c := start(t, dir)
	if err := c.Create(t.Context(), "shop"); err != nil {
		t.Error(err)
	}
	if err := write(t, c.DSN("shop"), "CREATE TABLE kept AS SELECT 7 AS n"); err != nil {
		t.Error(err)
	}
	old := c.DSN("shop")
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := ask(t, old, "SELECT 1"); err == nil {
		t.Error("it still answers after it was stopped")
	}
	c = start(t, dir)
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	if got, err := ask(t, c.DSN("shop"), "SELECT n FROM kept"); err != nil || got != 7 {
		t.Errorf("after a restart the database gave %d, %v", got, err)
	}
	_, port, _ := strings.Cut(c.Address(), ":")
	if n, err := strconv.Atoi(port); err != nil || n >= 32768 {
		t.Errorf("it listens on port %s, where outgoing connections get theirs", port)
	}
	if _, err := ask(t, strings.Replace(c.DSN("shop"), c.password, "guess", 1), "SELECT 1"); err == nil {
		t.Error("a guessed password was let in")
	}
}

func TestBrokenDataFolderSaysWhy(t *testing.T) {
	dir := place(t)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte("7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "set password") || len(err.Error()) < 60 {
		t.Errorf("no reason: %v", err)
	}
}

func TestNextStartEndsWhatAKilledParentLeft(t *testing.T) {
	left := start(t, place(t))
	if err := sweep(); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(t, left.DSN("postgres"), "SELECT 1"); err != nil {
		t.Errorf("a server whose parent lives was ended: %v", err)
	}
	if err := left.lock.Close(); err != nil { // what the kernel does for a killed parent
		t.Fatal(err)
	}
	if err := sweep(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-left.server.Done():
	case <-time.After(5 * time.Second):
		t.Error("it is still there")
	}
	if err := left.log.Close(); err != nil {
		t.Error(err)
	}
}

func TestServerDiesWithItsParent(t *testing.T) {
	dir := place(t)
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), parentEnv+"="+dir)
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	r := record{PID: pid, Dir: dir}
	if !r.alive() {
		t.Fatalf("no server %d in %s", pid, dir)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed
	for deadline := time.Now().Add(2 * time.Second); r.alive(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server outlived its parent by 2s")
		}
	}
	if err := sweep(); err != nil { // removes the record
		t.Error(err)
	}
}
