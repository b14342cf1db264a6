package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// A setup is what is known before the server starts.
type setup struct {
	bin   string // folder of the programs
	dir   string // data folder, absolute and free of symbolic links
	owner owner
}

// prepare finds the programs and the owner, and makes a data folder that the owner can reach.
func prepare(dir string) (s *setup, err error) {
	s = &setup{}
	if s.bin, err = programs(); err != nil {
		return nil, err
	}
	if s.owner, err = unprivileged(); err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if s.dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := errors.Join(s.owner.letIn(s.dir), s.owner.give(s.dir)); err != nil {
		return nil, err
	}
	return s, nil
}

// initialise makes the cluster when the folder has none, and lets in the one role, over loopback, by this password.
func (s *setup) initialise(ctx context.Context, password string) error {
	if _, err := os.Stat(filepath.Join(s.dir, "PG_VERSION")); errors.Is(err, os.ErrNotExist) {
		if err := s.populate(ctx); err != nil {
			return err
		}
	}
	access := filepath.Join(s.dir, "pg_hba.conf")
	rule := "host all " + superuser + " 127.0.0.1/32 scram-sha-256\n"
	if err := errors.Join(os.WriteFile(access, []byte(rule), 0o600), s.owner.give(access)); err != nil {
		return fmt.Errorf("access rules: %w", err)
	}
	return s.setPassword(ctx, password)
}

// setPassword needs no server: single-user mode asks nobody who he is, and the password is on no command line.
func (s *setup) setPassword(ctx context.Context, password string) error {
	cmd := exec.CommandContext(ctx, s.server(), "--single", "-D", s.dir, "-F", "-c", "log_checkpoints=off", "postgres")
	cmd.SysProcAttr, cmd.Dir = s.owner.attributes(), "/"
	cmd.Stdin = strings.NewReader("ALTER ROLE " + superuser + " PASSWORD '" + password + "'\n")
	out, err := cmd.CombinedOutput()
	if err == nil && strings.Contains(string(out), "ERROR") { // single-user mode goes on after an error and ends well
		err = errors.New("refused")
	}
	if err != nil {
		return fmt.Errorf("set password: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

func (s *setup) server() string { return filepath.Join(s.bin, "postgres") }

// command is the server's.
func (s *setup) command(ctx context.Context, port int, unsafe bool) *exec.Cmd {
	args := []string{
		"-D", s.dir, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", "",
		"-c", "max_connections=400", "-c", "log_checkpoints=off",
	}
	if unsafe {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), s.server(), args...) // it outlives the start
	cmd.SysProcAttr, cmd.Dir = s.owner.attributes(), "/"
	return cmd
}
