package postgres

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// A record of a running server is a file that its parent holds a lock on. The kernel drops the lock when the parent dies, so a record that
// can be locked is an orphan's.
type record struct {
	PID int    `json:"pid"`
	Dir string `json:"dir"` // data folder
}

// records is the folder of the records.
func records() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "figlab", "running")
	return dir, os.MkdirAll(dir, 0o700)
}

// enlist writes the record and returns what keeps it: closing it removes the record. It is locked before it gets its name, so that nobody
// takes it for an orphan's.
func enlist(r record) (*os.File, error) {
	dir, err := records()
	if err != nil {
		return nil, fmt.Errorf("record of running servers: %w", err)
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return nil, fmt.Errorf("record of running servers: %w", err)
	}
	err = errors.Join(
		syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB),
		json.NewEncoder(f).Encode(r),
		os.Rename(f.Name(), r.path(dir)))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("record of running servers: %w", err), f.Close())
	}
	return f, nil
}

func (r record) path(dir string) string {
	return filepath.Join(dir, fmt.Sprintf("postgres-%d.json", r.PID))
}

// strike removes the record.
func (r record) strike(f *os.File) error {
	dir, err := records()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(os.Remove(r.path(dir)), f.Close())
}

// sweep ends the servers whose parents were killed before they could.
func sweep() error {
	dir, err := records()
	if err != nil {
		return nil //nolint:nilerr // without a home nothing is recorded, so nothing can be found
	}
	paths, err := filepath.Glob(filepath.Join(dir, "postgres-*.json"))
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range paths {
		errs = append(errs, sweepOne(path))
	}
	return errors.Join(errs...)
}

func sweepOne(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return nil // its owner has just struck it
	}
	defer func() { _ = f.Close() }()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return nil // its parent lives
	}
	var r record
	if err := json.NewDecoder(f).Decode(&r); err == nil {
		if err := r.end(); err != nil {
			return err
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// end stops the server at once, as a crash would; nobody waits for its data.
func (r record) end() error {
	for range 100 {
		if !r.alive() {
			return nil
		}
		if err := syscall.Kill(r.PID, syscall.SIGQUIT); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("end the server left in %s: %w", r.Dir, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("the server left in %s, process %d, does not end: kill it", r.Dir, r.PID)
}

// alive says whether the process is still the server of that folder: a server works in its data folder, another process that was given the
// same number does not. Without /proc nothing is certain, so nothing is ended.
func (r record) alive() bool {
	at, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", r.PID))
	return err == nil && at == r.Dir
}
