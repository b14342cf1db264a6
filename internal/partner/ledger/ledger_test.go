package ledger_test

import (
	"bufio"
	"figlab/internal/partner/ledger"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

type line struct{ N int }

// TestMain is also the child of TestKillNine: with a path in the environment it appends until it is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv("LEDGER_TO_FILL"); path != "" {
		fill(path)
	}
	os.Exit(m.Run())
}

func fill(path string) {
	l, _, err := ledger.Open[line](path)
	for n := 1; err == nil; n++ {
		if err = l.Append(line{n}); err == nil {
			_, err = fmt.Fprintln(os.Stdout, n) // acknowledged from here on
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// TestKillNine: what was acknowledged before a kill -9 is there afterwards, in order and once.
func TestKillNine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.jsonl")
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), "LEDGER_TO_FILL="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := 0
	for s := bufio.NewScanner(out); s.Scan(); {
		n, err := strconv.Atoi(strings.TrimSpace(s.Text()))
		if err != nil {
			t.Fatal(err)
		}
		if acknowledged = n; n == 500 {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // killed: that is the error
	l, got, err := ledger.Open[line](path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if acknowledged < 500 || len(got) < acknowledged {
		t.Fatalf("%d entries are there, %d were acknowledged", len(got), acknowledged)
	}
	for i, e := range got {
		if e.N != i+1 {
			t.Fatalf("entry %d is %+v", i+1, e)
		}
	}
}

func TestHalfALineIsDropped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.jsonl")
	if err := os.WriteFile(path, []byte("{\"N\":1}\n{\"N\":2}\n{\"N\":"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want := 2; want <= 3; want++ {
		l, got, err := ledger.Open[line](path)
		if err != nil || len(got) != want || got[want-1].N != want {
			t.Fatalf("read %+v, %v; want %d entries", got, err, want)
		}
		if err := l.Append(line{want + 1}); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamageIsNotOverlooked: a broken line that is not the last is no work of a kill; nobody may go on from it.
func TestDamageIsNotOverlooked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.jsonl")
	if err := os.WriteFile(path, []byte("{\"N\":1}\n{\"N\n{\"N\":3}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ledger.Open[line](path); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a damaged ledger was opened: %v", err)
	}
}

// TestFailedWriteIsTakenBack: an entry that could not be written is no entry, and does not spoil what was.
func TestFailedWriteIsTakenBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.jsonl")
	l, _, err := ledger.Open[line](path)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Append(line{1}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(line{2}); err == nil {
		t.Error("written to a closed file")
	}
	if err := l.Append(line{3}); err == nil {
		t.Error("written behind an entry that may be stuck halfway")
	}
	if _, got, err := ledger.Open[line](path); err != nil || len(got) != 1 {
		t.Errorf("read %+v, %v", got, err)
	}
}
