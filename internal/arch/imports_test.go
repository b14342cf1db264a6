package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"figlab/shop"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "figlab/"

type pkg struct {
	ImportPath string
	Name       string
	Doc        string
	Imports    []string
	Deps       []string
}

// TestImports fails on every import that the table of rooms does not allow, with the reason.
func TestImports(t *testing.T) {
	seen := 0
	for _, p := range list(t, "./...") {
		from, ok := strings.CutPrefix(p.ImportPath, module)
		if !ok {
			continue
		}
		seen++
		r, capability, ok := roomOf(from)
		if !ok {
			t.Errorf("%s stands in no room: give it one in the table, or put it where it belongs", from)
			continue
		}
		for _, imp := range p.Imports {
			to, ours := strings.CutPrefix(imp, module)
			if ours && !r.allows(to, capability) {
				t.Errorf("%s must not import %s: %s", from, to, r.why)
			}
			if !ours && (from == "shop" || strings.HasPrefix(from, "shop/")) && !slices.Contains(pure(), imp) {
				t.Errorf("%s must not import %s: rules are free of I/O, clocks and randomness", from, imp)
			}
		}
	}
	if seen < 40 {
		t.Fatalf("looked at %d packages of ours: the list is broken", seen)
	}
}

// TestPackageComments fails on a package that does not say what it is.
func TestPackageComments(t *testing.T) {
	for _, p := range list(t, "./...") {
		if p.Doc == "" && !strings.Contains(p.ImportPath, "/api/shopapi/") && !strings.Contains(p.ImportPath, "/api/internalapi/") {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

// TestLeanBinaries fails when a binary links what it must not: the licence of k6, or memory that every process of the shop would pay.
func TestLeanBinaries(t *testing.T) {
	forbidden := map[string]map[string]string{
		"./cmd/figshop": {
			"go.k6.io/k6":                  "k6 is AGPL-3.0 and heavy: it is linked into figload alone",
			"github.com/Shopify/toxiproxy": "faults are injected from outside",
			"github.com/testcontainers":    "the lab starts containers, not the shop",
			"gonum.org":                    "the shop draws nothing",
		},
		"./cmd/figlab": {
			"go.k6.io/k6":          "k6 is AGPL-3.0 and heavy: it is linked into figload alone",
			"figlab/monolith":      "the lab reaches the houses over the wire only",
			"figlab/microservices": "the lab reaches the houses over the wire only",
			"figlab/strangler":     "the lab reaches the houses over the wire only",
		},
	}
	for cmd, rules := range forbidden {
		for _, p := range list(t, "-deps", cmd) {
			for path, why := range rules {
				if strings.HasPrefix(p.ImportPath, path) {
					t.Errorf("%s links %s: %s", cmd, p.ImportPath, why)
				}
			}
		}
	}
}

// TestTableCatches proves that the table can fail: each of these imports is a violation.
func TestTableCatches(t *testing.T) {
	for _, c := range []struct{ from, to string }{
		{"microservices/search", "microservices/catalog"},
		{"microservices/search", "shop/catalog"},
		{"microservices/catalog", "monolith/catalog"},
		{"microservices/platform/store", "microservices/catalog"},
		{"monolith/platform/db", "monolith/cart"},
		{"monolith/cart", "microservices/platform/balance"},
		{"strangler/platform/route", "monolith"},
		{"strangler/catalog", "shop/catalog"},
		{"shop/cart", "shop/catalog"},
		{"shop", "shop/cart"},
		{"api/problem", "shop"},
		{"chaos/fault", "strangler"},
		{"bench/load", "microservices/catalog"},
		{"internal/engine/embedded", "monolith"},
		{"internal/lab", "monolith"},
		{"internal/history", "shop"},
		{"internal/bus", "api/internalapi"},
		{"cmd/figlab", "monolith"},
	} {
		r, capability, ok := roomOf(c.from)
		if !ok || r.allows(c.to, capability) {
			t.Errorf("the table lets %s import %s", c.from, c.to)
		}
	}
	if _, _, ok := roomOf("utils"); ok {
		t.Error("the table has a room for utils")
	}
}

func roomOf(from string) (best room, capability string, ok bool) {
	longest := -1
	for _, r := range rooms() {
		for _, c := range append(shop.Capabilities(), "") {
			if strings.Contains(r.path, "*") == (c == "") {
				continue
			}
			path := strings.ReplaceAll(r.path, "*", string(c))
			if (from == path || strings.HasPrefix(from, path+"/")) && len(path) > longest {
				best, capability, longest, ok = r, string(c), len(path), true
			}
		}
	}
	// A house's root holds packages directly below it only in its rooms: monolith/x is no room unless x is one.
	if ok && best.self("") == "\x00" && from != best.path {
		return room{}, "", false
	}
	return best, capability, ok
}

func list(t *testing.T, args ...string) (all []pkg) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Name,Doc,Imports"}, args...)...)
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
