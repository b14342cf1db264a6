package route

import (
	"encoding/json"
	"errors"
	"figlab/strangler/platform/plan"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
)

// A Table says which share of the users each capability's service answers. It is a value: nobody changes one that is in use.
type Table struct {
	Version int64          `json:"version"` // rises by one with every change
	Weights map[string]int `json:"weights"` // capability → share in 1/10000
}

// with returns the next table.
func (t Table) with(capability string, weight int) Table {
	next := Table{Version: t.Version + 1, Weights: maps.Clone(t.Weights)}
	next.Weights[capability] = weight
	return next
}

// check returns why the plans do not allow a table.
func (t Table) check(shifts map[string]plan.Shift) error {
	for capability, weight := range t.Weights {
		if _, ok := shifts[capability]; !ok {
			return fmt.Errorf("%w: %s", ErrUnplanned, capability)
		}
		if weight < 0 || weight > plan.Whole {
			return fmt.Errorf("%w: %d", ErrWeight, weight)
		}
	}
	return nil
}

// A file keeps the table over restarts: a strangler that came back with an empty one would undo the migration.
type file string

// load returns the table that was saved last, an empty one when there is none.
func (f file) load() (Table, error) {
	t := Table{Weights: map[string]int{}}
	b, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	if err != nil {
		return Table{}, fmt.Errorf("read the route table %s: %w: restore it, or remove it to send everything to the monolith", f, err)
	}
	return t, nil
}

// save replaces the file as a whole: written beside it, synced, renamed, and the rename synced too.
func (f file) save(t Table) error {
	b, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("save the route table: %w", err)
	}
	next, err := os.CreateTemp(filepath.Dir(string(f)), ".routes-*")
	if err != nil {
		return fmt.Errorf("save the route table: %w", err)
	}
	_, err = next.Write(b)
	if err = errors.Join(err, next.Sync(), next.Close()); err == nil {
		err = os.Rename(next.Name(), string(f))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("save the route table: %w", err), os.Remove(next.Name()))
	}
	folder, err := os.Open(filepath.Dir(string(f)))
	if err != nil {
		return fmt.Errorf("save the route table: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}
