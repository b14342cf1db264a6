package catalog

import (
	"context"
	"encoding/json"
	"figlab/api/contract"
	"figlab/api/internalapi"
	"figlab/api/shopapi/catalogapi"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/microservices/platform/store"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	rules "figlab/shop/catalog"
)

// bare is a catalog of ten products without its process.
func bare(t testing.TB) (*Catalog, *echo.Echo) {
	t.Helper()
	deps := process.Real("catalog-1", nil, t.Output())
	db, err := store.Open(t.Context(), store.Options{Kind: store.SQLite, Dir: t.TempDir(), Name: "catalog", Migrations: migrations})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	c := &Catalog{db: db, deps: deps, kept: newKept(deps), owns: true}
	if err := c.seed(t.Context(), 1, 10); err != nil {
		t.Fatal(err)
	}
	e, err := contract.New(contract.Options{Name: deps.Name, Log: deps.Log, NewID: deps.IDs.New})
	if err != nil {
		t.Fatal(err)
	}
	catalogapi.RegisterHandlers(e, catalogapi.NewStrictHandler(HTTP{c}, nil))
	return c, e
}

// line is a bus that tells what a test says.
type line struct {
	tell func(bus.Message)
	gap  func()
}

func (w *line) Follow(_ []string, handle func(bus.Message), gap func()) process.Part {
	w.tell, w.gap = handle, gap
	return process.Part{Run: func(context.Context) error { return nil }}
}

// TestForgets: what is kept is shown until a change of it is heard of, or may have been missed, or somebody else owns the products.
func TestForgets(t *testing.T) {
	c, e := bare(t)
	w := &line{}
	if err := c.kept.follower(w).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	rename := func(name string) {
		err := c.db.Write(t.Context(), func(tx *store.Tx) error {
			return tx.Exec("UPDATE catalog_products SET name = ?, category = ?", name, name).Error
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	shows := func(path, text string) bool {
		answer := httptest.NewRecorder()
		e.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		if answer.Code != http.StatusOK || answer.Header().Get(echo.HeaderContentType) != echo.MIMEApplicationJSON || !json.Valid(answer.Body.Bytes()) {
			t.Fatalf("GET %s: %d %s", path, answer.Code, answer.Body)
		}
		return strings.Contains(answer.Body.String(), `"`+text+`"`)
	}
	one, two := "/products/"+string(rules.SeedID(1, 1)), "/products/"+string(rules.SeedID(1, 2))
	changed := func(epoch int64) bus.Message {
		data, err := json.Marshal(internalapi.Event{Id: "e", Key: string(rules.SeedID(1, 1)), Epoch: epoch, Data: json.RawMessage(`{}`)})
		if err != nil {
			t.Fatal(err)
		}
		return bus.Message{Data: data}
	}
	rename("before")
	for _, path := range []string{one, two, "/categories"} {
		shows(path, "")
	}
	for _, c := range []struct {
		what            string
		happens         func()
		one, two, categ bool // which show it
	}{
		{"nothing", func() {}, false, false, false},
		{"a change of the first", func() { w.tell(changed(0)) }, true, false, true},
		{"a gap", func() { w.gap() }, true, true, true},
		{"what cannot be read", func() { w.tell(bus.Message{Data: []byte("?")}) }, true, true, true},
		{"a change by a new owner", func() { w.tell(changed(1)) }, true, true, true},
		{"a change by the old one", func() { w.tell(changed(0)) }, true, false, true},
	} {
		rename(c.what)
		c.happens()
		for path, want := range map[string]bool{one: c.one, two: c.two, "/categories": c.categ} {
			if got := shows(path, c.what); got != want {
				t.Errorf("after %s: %s shows it %t, want %t", c.what, path, got, want)
			}
		}
	}
	if !shows(two, "a change by a new owner") {
		t.Error("what was read under the old owner is back")
	}
	if s := c.kept.memory.Stats(); s.Hits != 6 {
		t.Errorf("%+v, want 6 hits", s)
	}
}

// nowhere is who does not read the answer.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n nowhere) WriteHeader(int)             {}

// BenchmarkProduct reads a product through the whole door, kept and not: the difference is what keeping it saves.
func BenchmarkProduct(b *testing.B) {
	c, e := bare(b)
	id := string(rules.SeedID(1, 1))
	read := func(b *testing.B, before func()) {
		b.Helper()
		b.ReportAllocs()
		for b.Loop() {
			before()
			e.ServeHTTP(nowhere{http.Header{}}, httptest.NewRequest(http.MethodGet, "/products/"+id, http.NoBody))
		}
	}
	b.Run("kept", func(b *testing.B) { read(b, func() {}) })
	b.Run("read", func(b *testing.B) {
		read(b, func() {
			if err := c.kept.forget(b.Context(), id); err != nil {
				b.Fatal(err)
			}
		})
	})
}
