package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// A folder is where one run leaves its results. Its data and lock are gone when the run is over.
type folder struct {
	path string // results/<name>/<UTC time>
	root string // results
	lock *os.File
}

// newFolder makes the folder of a run and removes what runs that were killed left of theirs.
func newFolder(root, name string, now time.Time) (*folder, error) {
	runs := filepath.Join(root, name)
	if err := os.MkdirAll(runs, 0o755); err != nil {
		return nil, fmt.Errorf("the results folder cannot be made: %w: choose another with --out", err)
	}
	if err := sweep(runs); err != nil {
		return nil, err
	}
	path := filepath.Join(runs, now.UTC().Format("20060102T150405.000Z"))
	if err := os.Mkdir(path, 0o755); err != nil {
		return nil, fmt.Errorf("the results folder cannot be written: %w: choose another with --out", err)
	}
	f := &folder{path: path, root: root}
	var err error
	if f.lock, err = os.OpenFile(filepath.Join(path, lockName), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := syscall.Flock(int(f.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.lock.Close())
	}
	return f, os.Mkdir(f.data(), 0o755)
}

const (
	lockName = ".running"
	dataName = "data"
)

// data is where the shop keeps its files while it runs.
func (f *folder) data() string { return filepath.Join(f.path, dataName) }

// logs is where every process's log stays.
func (f *folder) logs() string { return filepath.Join(f.path, "logs") }

// close removes what nobody needs after the run.
func (f *folder) close() error {
	return errors.Join(os.RemoveAll(f.data()), os.Remove(f.lock.Name()), f.lock.Close())
}

// latest points results/latest at this run.
func (f *folder) latest() error {
	target, err := filepath.Rel(f.root, f.path)
	if err != nil {
		return err
	}
	link := filepath.Join(f.root, "latest")
	next := link + ".next"
	if err := errors.Join(remove(next), os.Symlink(target, next), os.Rename(next, link)); err != nil {
		return fmt.Errorf("point %s at the run: %w", link, err)
	}
	return nil
}

// sweep removes the folders of runs that were killed: they still hold data and a lock that nobody holds.
func sweep(runs string) error {
	locks, err := filepath.Glob(filepath.Join(runs, "*", lockName))
	if err != nil {
		return err
	}
	for _, path := range locks {
		lock, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // its run has just ended
		}
		if err != nil {
			return fmt.Errorf("look at what another run left: %w", err)
		}
		abandoned := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
		err = lock.Close()
		if abandoned {
			err = errors.Join(err, os.RemoveAll(filepath.Dir(path)))
		}
		if err != nil {
			return fmt.Errorf("remove what a killed run left: %w", err)
		}
	}
	return nil
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
