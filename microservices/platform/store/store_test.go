package store_test

import (
	"errors"
	"figlab/microservices/platform/store"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"gorm.io/gorm"
)

func migration(sql string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("-- +goose Up\n" + sql)}
}

// letters is a service with one table.
func letters() fstest.MapFS {
	return fstest.MapFS{"migrations/0010_letters.sql": migration("CREATE TABLE letters (id TEXT PRIMARY KEY);")}
}

type letter struct {
	ID string `gorm:"primaryKey"`
}

// TableName names the table.
func (letter) TableName() string { return "letters" }

func open(t *testing.T, dir string, files fs.FS) (*store.Store, error) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Kind: store.SQLite, Dir: dir, Name: "letters", Migrations: files})
	if err == nil {
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return s, err
}

func must(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := open(t, dir, letters())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWrongSchema: a program refuses a database that knows more than it does, or lacks something in between, and says which migration it is.
func TestWrongSchema(t *testing.T) {
	dir := t.TempDir()
	newer := letters()
	newer["migrations/0012_stamps.sql"] = migration("CREATE TABLE stamps (id TEXT PRIMARY KEY);")
	if _, err := open(t, dir, newer); err != nil {
		t.Fatal(err)
	}
	_, err := open(t, dir, letters())
	var wrong *store.SchemaError
	if !errors.As(err, &wrong) || wrong.Has != 12 || wrong.Knows != 10 || !strings.Contains(err.Error(), "migration 0011 is missing here") {
		t.Errorf("an older program: %v", err)
	}
	newer["migrations/0011_envelopes.sql"] = migration("CREATE TABLE envelopes (id TEXT PRIMARY KEY);")
	_, err = open(t, dir, newer)
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "lacks 0011_envelopes.sql") {
		t.Errorf("a database with a gap: %v", err)
	}
}

// TestReplicasStartAtOnce: several processes make the schema and the seed of one database at the same time; it is done once.
func TestReplicasStartAtOnce(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s, err := store.Open(t.Context(), store.Options{Kind: store.SQLite, Dir: dir, Name: "letters", Migrations: letters()})
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = s.Close() }()
			err = s.Seed(t.Context(), "letters", func(tx *store.Tx) error { return tx.Create([]letter{{"a"}, {"b"}}).Error })
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var n int64
	if err := must(t, dir).Read(t.Context()).Model(&letter{}).Count(&n).Error; err != nil || n != 2 {
		t.Errorf("seeded %d letters (%v), want 2", n, err)
	}
}

// TestTwoWriters: two processes write to one file at once, and each waits for the other.
func TestTwoWriters(t *testing.T) {
	dir := t.TempDir()
	both := []*store.Store{must(t, dir), must(t, dir)}
	var all sync.WaitGroup
	for i, s := range both {
		all.Go(func() {
			for n := range 50 {
				err := s.Write(t.Context(), func(tx *store.Tx) error {
					return tx.Create(&letter{string(rune('a'+i)) + strings.Repeat("x", n)}).Error
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	var n int64
	if err := both[0].Read(t.Context()).Model(&letter{}).Count(&n).Error; err != nil || n != 100 {
		t.Errorf("%d letters (%v), want 100", n, err)
	}
}

// TestCommitWakes: what waits for a commit hears of it after it, and not of a rollback.
func TestCommitWakes(t *testing.T) {
	s := must(t, t.TempDir())
	var heard []string
	note := func(what string, fail error) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			tx.AfterCommit(func() {
				var n int64
				if err := s.Read(t.Context()).Model(&letter{}).Where("id = ?", what).Count(&n).Error; err == nil && n == 1 {
					heard = append(heard, what)
				}
			})
			tx.Emit(store.Emission{ID: what})
			return errors.Join(tx.Create(&letter{what}).Error, fail)
		}
	}
	broken := errors.New("broken")
	if err := s.Write(t.Context(), note("a", broken)); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	select {
	case <-s.Emissions():
		t.Error("a rollback woke the relay")
	default:
	}
	if err := s.Write(t.Context(), note("b", nil)); err != nil {
		t.Fatal(err)
	}
	if e := <-s.Emissions(); len(e) != 1 || e[0].ID != "b" {
		t.Errorf("emitted %v", e)
	}
	if len(heard) != 1 || heard[0] != "b" {
		t.Errorf("heard of %v, want b", heard)
	}
	if err := s.Write(t.Context(), note("b", nil)); !errors.Is(err, store.ErrDuplicate) {
		t.Errorf("the same letter twice: %v", err)
	}
	if err := s.Read(t.Context()).Create(&letter{"c"}).Error; err == nil {
		t.Error("a handle for reading writes")
	}
	if err := s.Snapshot(t.Context(), func(q *gorm.DB) error { return q.Take(&letter{}, "id = ?", "none").Error }); !errors.Is(err, store.ErrNone) {
		t.Errorf("what is not there: %v", err)
	}
}
