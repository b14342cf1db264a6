package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// superuser is the one role of a cluster.
const superuser = "figlab"

// populate fills an empty data folder from the template, or by initdb where nothing can be cached.
func (s *setup) populate(ctx context.Context) error {
	cache, err := os.UserCacheDir()
	if err != nil { // no home: nothing can be kept
		return s.initdb(ctx, s.dir)
	}
	template, err := s.template(ctx, filepath.Join(cache, "figlab"))
	if err != nil {
		return fmt.Errorf("template: %w", err)
	}
	if err := copyTree(s.dir, template); err != nil {
		return fmt.Errorf("copy template: %w", err)
	}
	return s.owner.giveAll(s.dir)
}

// template is a data folder fresh from initdb, made once per user and server. A file lock lets two starts at once make it once.
func (s *setup) template(ctx context.Context, cache string) (string, error) {
	key, err := s.key()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(cache, "postgres.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Close() }() // which unlocks
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock: %w", err)
	}
	made := filepath.Join(cache, "postgres-"+key)
	if _, err := os.Stat(made); err == nil {
		return made, nil
	}
	return made, s.make(ctx, made)
}

// make runs initdb where the owner may write and moves the result into the cache, which may be closed to the owner, in one step.
func (s *setup) make(ctx context.Context, made string) (err error) {
	work, err := os.MkdirTemp("", "figlab-initdb-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	fresh, half := filepath.Join(work, "data"), made+".new"
	if err := errors.Join(os.Mkdir(fresh, 0o700), s.owner.letIn(fresh), s.owner.give(fresh)); err != nil {
		return err
	}
	if err := s.initdb(ctx, fresh); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(half), os.Mkdir(half, 0o700)); err != nil {
		return err
	}
	if err := copyTree(half, fresh); err != nil {
		return err
	}
	return os.Rename(half, made)
}

// key tells servers apart by where they are and when they were installed, which is quicker than to start them for their version.
func (s *setup) key() (string, error) {
	info, err := os.Stat(filepath.Join(s.bin, "initdb"))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", s.bin, info.Size(), info.ModTime().UnixNano()))
	return fmt.Sprintf("%x", sum[:8]), nil
}

// initdb makes a cluster that lets nobody in: who may come is written when it is started.
func (s *setup) initdb(ctx context.Context, dir string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"),
		"-D", dir, "-U", superuser, "-A", "reject", "-E", "UTF8", "--locale", "C", "--no-sync")
	cmd.SysProcAttr, cmd.Dir = s.owner.attributes(), "/"
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// copyTree copies the files and folders below from into the folder to, with their modes.
func copyTree(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil || name == "." {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Mkdir(filepath.Join(to, name), info.Mode().Perm())
		}
		return copyFile(filepath.Join(to, name), path, info.Mode().Perm())
	})
}

func copyFile(to, from string, mode fs.FileMode) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}
