// Package postgres starts a private Postgres from the server binaries of the machine: on a free loopback port, with its own data folder and
// a random password, as an unprivileged user when the caller is root. It ends with its parent.
package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Options of a cluster.
type Options struct {
	Dir string // data folder; made if missing
	// Unsafe turns fsync off: for tests, whose data nobody will miss.
	Unsafe bool
}

// A Cluster is a running Postgres.
type Cluster struct {
	port     int
	password string
	server   *exec.Cmd
	exited   chan error
}

// Find says why no Postgres can be started here, or nil.
func Find() error {
	_, err := binary("postgres")
	if err == nil {
		_, err = binary("initdb")
	}
	return err
}

// binary finds a program on the path, or where Debian puts it.
func binary(name string) (string, error) {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 {
		return found[len(found)-1], nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("postgres is not here: %w: install the package postgresql", err)
	}
	return path, nil
}

// Start makes the data folder when there is none and starts the server; it returns once the server answers.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if err := Find(); err != nil {
		return nil, err
	}
	owner, err := unprivileged()
	if err != nil {
		return nil, err
	}
	c := &Cluster{password: rand.Text(), exited: make(chan error, 1)}
	if c.port, err = freePort(ctx); err != nil {
		return nil, err
	}
	if err := c.initialise(ctx, o, owner); err != nil {
		return nil, fmt.Errorf("initdb: %w", err)
	}
	if err := c.launch(o, owner); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	if err := c.await(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// unprivileged returns whom to run as: Postgres refuses to run as root.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // nobody else is needed
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, errU := strconv.ParseUint(u.Uid, 10, 32)
			gid, errG := strconv.ParseUint(u.Gid, 10, 32)
			if errU == nil && errG == nil {
				return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
			}
		}
	}
	return nil, errors.New("postgres does not run as root, and there is no user postgres or nobody to run it as")
}

func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, fmt.Errorf("a free port: %w", err)
	}
	return strconv.Atoi(port)
}

func (c *Cluster) initialise(ctx context.Context, o Options, owner *syscall.Credential) error {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return err
	}
	secret, err := os.CreateTemp("", "figlab-pg-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(secret.Name()) }()
	if _, err := secret.WriteString(c.password); err != nil {
		return err
	}
	if err := secret.Close(); err != nil {
		return err
	}
	if owner != nil { // the folder above too: the server must be able to reach its own
		for _, path := range []string{filepath.Dir(o.Dir), o.Dir, secret.Name()} {
			if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
				return err
			}
		}
	}
	initdb, err := binary("initdb")
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, initdb, "-D", o.Dir, "-U", "figlab", "--pwfile", secret.Name(), "-A", "scram-sha-256", "-E", "UTF8",
		"--locale", "C", "--no-sync")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	cmd.Dir = "/"
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// launch starts the server as a child that the kernel ends when this process dies.
func (c *Cluster) launch(o Options, owner *syscall.Credential) error {
	path, err := binary("postgres")
	if err != nil {
		return err
	}
	args := []string{
		"-D", o.Dir, "-h", "127.0.0.1", "-p", strconv.Itoa(c.port), "-k", "",
		"-c", "max_connections=200", "-c", "log_min_messages=fatal",
	}
	if o.Unsafe {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	c.server = exec.Command(path, args...) //nolint:noctx // it outlives the context of its start; Stop and the kernel end it
	c.server.Dir = "/"
	c.server.SysProcAttr = &syscall.SysProcAttr{Credential: owner, Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	return startChild(c.server, c.exited)
}

// await waits until the server answers.
func (c *Cluster) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		err := c.ping(ctx)
		if err == nil {
			return nil
		}
		timer := time.NewTimer(50 * time.Millisecond)
		select {
		case exit := <-c.exited:
			timer.Stop()
			c.exited <- exit
			return fmt.Errorf("postgres ended at its start: %w", exit)
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("postgres does not answer: %w", err)
		case <-timer.C:
		}
	}
}

func (c *Cluster) ping(ctx context.Context) error {
	conn, err := sql.Open("pgx", c.DSN("postgres"))
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	defer func() { _ = conn.Close() }()
	return conn.PingContext(ctx)
}

// DSN is the address of a database.
func (c *Cluster) DSN(database string) string {
	return fmt.Sprintf("postgres://figlab:%s@127.0.0.1:%d/%s?sslmode=disable", c.password, c.port, database)
}

// Create makes a database. Its name must be a plain word.
func (c *Cluster) Create(ctx context.Context, database string) error {
	conn, err := sql.Open("pgx", c.DSN("postgres"))
	if err != nil {
		return fmt.Errorf("create database %s: %w", database, err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, `CREATE DATABASE "`+strings.ReplaceAll(database, `"`, "")+`"`); err != nil {
		return fmt.Errorf("create database %s: %w", database, err)
	}
	return nil
}

// Stop ends the server: at once for whoever is connected, without loss of what was committed. After ten seconds it is killed.
func (c *Cluster) Stop() error {
	if err := c.server.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop postgres: %w", err)
	}
	timer := time.NewTimer(10 * time.Second)
	defer timer.Stop()
	select {
	case err := <-c.exited:
		if err != nil {
			return fmt.Errorf("stop postgres: %w", err)
		}
		return nil
	case <-timer.C:
		return errors.Join(errors.New("postgres did not stop within 10s"), c.server.Process.Kill())
	}
}
