package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"figlab/internal/engine"
	"figlab/internal/engine/child"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Options of a cluster.
type Options struct {
	Dir string // data folder; made and filled if there is none, else its data are kept
	Log string // file of the server's output; empty: the data folder's name with .log
	// Ports the address is taken from; nil: ports of its own.
	Ports *engine.Ports
	// Unsafe turns fsync off: for tests, whose data nobody will miss.
	Unsafe bool
}

const (
	startWait = 30 * time.Second // for the first answer
	stopGrace = 10 * time.Second // for a fast shutdown
	logBytes  = 4 << 20
)

// A Cluster is a running Postgres.
type Cluster struct {
	port     int
	password string
	server   *child.Child
	log      *child.Log
	record   record
	lock     *os.File
}

// Start makes the data folder when there is none and starts the server; it returns once the server answers.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	s, err := prepare(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := sweep(); err != nil {
		return nil, err
	}
	c := &Cluster{password: rand.Text()}
	if c.port, err = port(ctx, o.Ports); err != nil {
		return nil, err
	}
	if err := s.initialise(ctx, c.password); err != nil {
		return nil, fmt.Errorf("make the cluster: %w", err)
	}
	if err := c.launch(ctx, s, o); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	if err := c.await(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func port(ctx context.Context, ports *engine.Ports) (int, error) {
	if ports == nil {
		ports = engine.NewPorts()
	}
	address, err := ports.Free(ctx)
	if err != nil {
		return 0, err
	}
	_, number, err := net.SplitHostPort(address)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(number)
}

// launch starts the server as a child that the kernel ends when this process dies, and records it for where the kernel does not.
func (c *Cluster) launch(ctx context.Context, s *setup, o Options) (err error) {
	if o.Log == "" {
		o.Log = s.dir + ".log"
	}
	if c.log, err = child.OpenLog(o.Log, logBytes); err != nil {
		return err
	}
	cmd := s.command(ctx, c.port, o.Unsafe)
	cmd.Stdout, cmd.Stderr = c.log, c.log
	if c.server, err = child.Start(cmd, syscall.SIGQUIT); err != nil {
		return errors.Join(err, c.log.Close())
	}
	c.record = record{PID: c.server.PID(), Dir: s.dir}
	if c.lock, err = enlist(c.record); err != nil {
		return errors.Join(err, c.server.Kill(), c.log.Close())
	}
	return nil
}

// await waits until the server answers.
func (c *Cluster) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-c.server.Done():
			return fmt.Errorf("postgres ended at its start: %w\n%s", c.server.Err(), c.log.Tail())
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w: %w\n%s", context.Cause(ctx), err, c.log.Tail())
		case <-tick.C:
		}
	}
}

func (c *Cluster) ping(ctx context.Context) error {
	return c.with(func(conn *sql.DB) error { return conn.PingContext(ctx) })
}

// with opens the maintenance database for one question.
func (c *Cluster) with(ask func(*sql.DB) error) error {
	conn, err := sql.Open("pgx", c.DSN("postgres"))
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	return errors.Join(ask(conn), conn.Close())
}

// DSN is the address of a database. It holds the password.
func (c *Cluster) DSN(database string) string {
	return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/%s?sslmode=disable", superuser, c.password, c.port, database)
}

// Address is where the server listens, host:port.
func (c *Cluster) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)) }

// Create makes a database.
func (c *Cluster) Create(ctx context.Context, database string) error {
	err := c.with(func(conn *sql.DB) error {
		_, err := conn.ExecContext(ctx, `CREATE DATABASE "`+strings.ReplaceAll(database, `"`, `""`)+`"`)
		return err
	})
	if err != nil {
		return fmt.Errorf("create database %s: %w", database, err)
	}
	return nil
}

// Stop ends the server: at once for whoever is connected, without loss of what was committed. After ten seconds it is killed.
func (c *Cluster) Stop() error {
	err := c.server.Stop(syscall.SIGINT, stopGrace)
	if err != nil {
		err = fmt.Errorf("stop postgres: %w", err)
	}
	return errors.Join(err, c.record.strike(c.lock), c.log.Close())
}
