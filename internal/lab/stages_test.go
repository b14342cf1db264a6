package lab

import (
	"context"
	"figlab/api/apitest"
	"figlab/internal/engine/postgres"
	"figlab/internal/topology"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// programs holds figlab, figshop and figload, as `make build` would leave them.
var programs string

func TestMain(m *testing.M) {
	if lab := os.Getenv(goRun); lab != "" {
		os.Exit(likeGoRun(lab))
	}
	dir, err := os.MkdirTemp("", "figlab-test-*")
	if err != nil {
		panic(err)
	}
	programs = dir
	build := exec.Command("go", "build", "-o", dir+"/", "figlab/cmd/...")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build: %v\n%s", err, out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// TestContractAtEveryStage runs the one suite of the contract against the shop as clients reach it at each stage, over all its links. What
// a stage serves from a copy may lag; what it serves from the rows themselves may not.
func TestContractAtEveryStage(t *testing.T) {
	for _, c := range []struct{ stage, store string }{
		{"00", "sqlite"}, {"01", "sqlite"}, {"03", "sqlite"}, {"05", "sqlite"}, {"05", "postgres"}, {"14", "sqlite"}, {"14", "postgres"},
	} {
		t.Run(c.stage+" on "+c.store, func(t *testing.T) {
			if c.store == "postgres" {
				if err := postgres.Find(); err != nil {
					t.Skip(err)
				}
			}
			at, err := topology.Scaled(c.stage, map[string]int{topology.Every: 2})
			if err != nil {
				t.Fatal(err)
			}
			s := openTestShop(t, at, c.store)
			if err := s.settleAt(t.Context(), at); err != nil {
				t.Fatal(err)
			}
			apitest.Run(t, s.url(), apitest.Features{ReadYourWrites: promised(at), Settle: 10 * time.Second, Ships: true})
		})
	}
}

// promised lists the capabilities whose readers see every write at once: those that are read where they are written, and not through a
// cache, an index, or from what events bring.
func promised(at topology.Topology) []string {
	late := []string{"catalog", "search", "recommendation", "notification"}
	return slices.DeleteFunc(topology.Capabilities(), func(c string) bool {
		return at.ReadsAt[c] == topology.Service && (at.WritesAt[c] != topology.Service || slices.Contains(late, c))
	})
}

func openTestShop(t *testing.T, at topology.Topology, store string) *shop {
	t.Helper()
	dir := openTo(t)
	o := ShopOptions{Engine: "embedded", Store: store, Seed: 1, Products: 300, Users: 100}
	s, err := openShop(t.Context(), o, []topology.Topology{at}, site{
		program: filepath.Join(programs, "figshop"), data: filepath.Join(dir, "data"), logs: filepath.Join(dir, "logs"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// openTo is a folder that others may enter: Postgres does not run as root.
func openTo(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "figlab-shop-*") //nolint:usetesting // what t.TempDir makes is for its owner only
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestSweep: a run's folder goes when its run was killed, and stays when it goes on or has ended.
func TestSweep(t *testing.T) {
	root := t.TempDir()
	running, err := newFolder(root, "quick", time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	ended, err := newFolder(root, "quick", time.Unix(2, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := ended.close(); err != nil {
		t.Fatal(err)
	}
	killed := filepath.Join(root, "quick", "killed")
	if err := os.MkdirAll(filepath.Join(killed, dataName), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(killed, lockName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	next, err := newFolder(root, "quick", time.Unix(3, 0))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{running.path: true, running.data(): true, ended.path: true, ended.data(): false, killed: false} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: %v, want it there: %v", path, err, want)
		}
	}
	for _, f := range []*folder{running, next} {
		if err := f.close(); err != nil {
			t.Error(err)
		}
	}
	if err := next.latest(); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(filepath.Join(root, "latest")); err != nil || filepath.Join(root, to) != next.path {
		t.Errorf("latest leads to %s (%v)", to, err)
	}
}
