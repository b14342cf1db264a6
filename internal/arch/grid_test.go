package arch

import (
	"errors"
	"figlab/shop"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestGrid fails when the houses no longer carry the same capability folders, all twelve of them.
func TestGrid(t *testing.T) {
	all := slices.Sorted(slices.Values(shop.Capabilities()))
	for _, house := range []string{"shop", "monolith", "microservices", "strangler"} {
		if got := folders(t, house); !slices.Equal(got, all) {
			t.Errorf("%s holds %v, want %v", house, got, all)
		}
	}
}

// TestRoles fails when a capability lacks the file that answers a question in its house.
func TestRoles(t *testing.T) {
	roles := map[string][]string{
		"shop":          {"doc.go", "*.go"},
		"monolith":      {"doc.go", "*.go", "http.go", "store.go", "calls.go"},
		"microservices": {"doc.go", "*.go", "http.go", "store.go", "calls.go", "events.go"},
		"strangler":     {"doc.go", "plan.go", "plan.yaml"},
	}
	for house, files := range roles {
		for _, c := range folders(t, house) {
			for _, f := range files {
				f = strings.Replace(f, "*", string(c), 1)
				if _, err := os.Stat(filepath.Join("../..", house, string(c), f)); err != nil {
					t.Errorf("%s/%s lacks %s", house, c, f)
				}
			}
		}
	}
}

// TestCompare fails when a capability's doc.go does not send the reader next door.
func TestCompare(t *testing.T) {
	for _, house := range []string{"monolith", "microservices"} {
		for _, c := range folders(t, house) {
			b, err := os.ReadFile(filepath.Join("../..", house, string(c), "doc.go"))
			if err == nil && !strings.Contains(string(b), "Compare:") {
				t.Errorf("%s/%s/doc.go does not end with \"Compare: …\"", house, c)
			}
		}
	}
}

// TestBudgets fails on a source file that has outgrown one idea.
func TestBudgets(t *testing.T) {
	err := filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != "..":
			if path != "../.." {
				return filepath.SkipDir
			}
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, ".gen.go"):
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if n := strings.Count(string(b), "\n"); n > 400 {
				t.Errorf("%s has %d lines: split it by idea", strings.TrimPrefix(path, "../../"), n)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func folders(t *testing.T, house string) (names []shop.Capability) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("../..", house))
	if errors.Is(err, os.ErrNotExist) && house != "shop" && house != "monolith" {
		return nil // not begun yet
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && e.Name() != "platform" && e.Name() != "testdata" {
			names = append(names, shop.Capability(e.Name()))
		}
	}
	slices.Sort(names)
	return names
}
