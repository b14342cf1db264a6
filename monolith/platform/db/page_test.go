package db_test

import (
	"figlab/monolith/platform/db"
	"strings"
	"testing"
)

type letter struct{ ID string }

// TableName names the table.
func (letter) TableName() string { return "letters" }

// TestReadPage walks a list of five in both directions by pages of each size: nothing is left out or comes twice, and no page is empty.
func TestReadPage(t *testing.T) {
	d, err := db.Open(t.Context(), db.Options{Store: db.SQLite, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	err = d.Write(t.Context(), func(tx *db.Tx) error {
		if err := tx.Exec("CREATE TABLE letters (id TEXT PRIMARY KEY)").Error; err != nil {
			return err
		}
		return tx.Create([]letter{{"c"}, {"a"}, {"e"}, {"b"}, {"d"}}).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, newest := range []bool{false, true} {
		for size, want := range map[int]string{1: "a b c d e", 2: "ab cd e", 4: "abcd e", 5: "abcde", 6: "abcde"} {
			if newest {
				want = map[int]string{1: "e d c b a", 2: "ed cb a", 4: "edcb a", 5: "edcba", 6: "edcba"}[size]
			}
			if got := walk(t, d, db.Page{Limit: size, Newest: newest}); got != want {
				t.Errorf("pages of %d, newest first %v: %q, want %q", size, newest, got, want)
			}
		}
	}
}

func walk(t *testing.T, d *db.DB, p db.Page) string {
	t.Helper()
	var pages []string
	for range 9 {
		rows, next, err := db.ReadPage(d.Read(t.Context()), p, func(l letter) string { return l.ID })
		if err != nil {
			t.Fatal(err)
		}
		var page strings.Builder
		for _, r := range rows {
			page.WriteString(r.ID)
		}
		pages = append(pages, page.String())
		if p.After = next; next == "" {
			break
		}
	}
	return strings.Join(pages, " ")
}
