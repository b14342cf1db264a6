package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// An owner is whom the server runs as. The zero value is the caller.
type owner struct {
	name       string
	credential *syscall.Credential
}

// unprivileged returns whom to run as: Postgres refuses to run as root.
func unprivileged() (owner, error) {
	if os.Geteuid() != 0 {
		return owner{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errU := strconv.ParseUint(u.Uid, 10, 32)
		gid, errG := strconv.ParseUint(u.Gid, 10, 32)
		if errU == nil && errG == nil {
			return owner{name, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
		}
	}
	return owner{}, errors.New("postgres does not run as root, and there is no user postgres or nobody to run it as")
}

// give hands a file or folder over.
func (o owner) give(path string) error {
	if o.credential == nil {
		return nil
	}
	return os.Chown(path, int(o.credential.Uid), int(o.credential.Gid))
}

// giveAll hands over a folder and everything in it.
func (o owner) giveAll(dir string) error {
	if o.credential == nil {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return o.give(path)
	})
}

// letIn makes sure that the owner can reach a folder. The folder above is opened for passing through, not for looking; what lies higher is
// not ours to change.
func (o owner) letIn(dir string) error {
	if o.credential == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	for at := parent; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return fmt.Errorf("way to the data folder: %w", err)
		}
		switch {
		case o.mayEnter(info):
		case at == parent:
			if err := os.Chmod(at, info.Mode().Perm()|0o001); err != nil {
				return fmt.Errorf("way to the data folder: %w", err)
			}
		default:
			return fmt.Errorf("the server runs as user %s, who cannot enter %s: choose a data folder elsewhere, or do not run as root",
				o.name, at)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

func (o owner) mayEnter(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	switch mode := info.Mode(); {
	case stat.Uid == o.credential.Uid:
		return mode&0o100 != 0
	case stat.Gid == o.credential.Gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

// attributes of a process run as the owner.
func (o owner) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: o.credential}
}
