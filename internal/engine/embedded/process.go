package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/internal/process"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A Process is one child.
type Process struct {
	spec   Spec
	engine *Engine

	cmd    *exec.Cmd
	leash  io.Closer     // our end of the pipe on its standard input
	exited chan struct{} // closed when it has ended and was reaped
	ready  process.Ready
}

// Address is the public address.
func (p *Process) Address() string { return p.ready.Listen }

// Admin is the address of the doors behind the shop.
func (p *Process) Admin() string { return p.ready.Admin }

// PID names the process to the kernel.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Exited is closed when the process has ended, for whatever reason.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// launch starts the child and waits for its ready line.
func (p *Process) launch(ctx context.Context) error {
	s := p.spec
	log, err := os.OpenFile(p.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has its own
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = read.Close() }()

	args := append([]string{
		s.Role, "--name", s.Name, "--listen", s.Listen, "--admin", s.Admin, "--data", filepath.Join(p.engine.dir, s.Name),
		"--leash", "--ready-fd", "3",
	}, s.Args...)
	p.cmd = exec.Command(p.engine.figshop, args...) //nolint:noctx // it outlives its start; Stop, the leash and the kernel end it
	p.cmd.Env = append(os.Environ(), s.Env...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = log, log, []*os.File{write}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if p.leash, err = p.cmd.StdinPipe(); err != nil {
		return errors.Join(err, write.Close())
	}
	started := make(chan error, 1)
	p.engine.forks <- func() { started <- p.cmd.Start() }
	err = errors.Join(<-started, write.Close())
	if err != nil {
		return err
	}
	p.exited = make(chan struct{})
	go func() {
		_ = p.cmd.Wait() // how it ended is in its log and in its state
		close(p.exited)
	}()
	return p.await(ctx, read)
}

// await reads the ready line, which ends the wait as its absence does: the pipe closes when the child ends.
func (p *Process) await(ctx context.Context, ready *os.File) error {
	line := make(chan error, 1)
	go func() { line <- json.NewDecoder(ready).Decode(&p.ready) }()
	select {
	case err := <-line:
		if err == nil {
			return nil
		}
		return errors.Join(fmt.Errorf("it ended before it served; its log ends with:\n%s", p.lastWords()), p.Kill())
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("it does not serve: %w; its log ends with:\n%s", ctx.Err(), p.lastWords()), p.Kill())
	}
}

// Stop asks the process to end and kills it when it does not within its grace.
func (p *Process) Stop() error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	timer := time.NewTimer(10 * time.Second)
	defer timer.Stop()
	select {
	case <-p.exited:
		return nil
	case <-timer.C:
		return errors.Join(fmt.Errorf("%s did not stop within 10s and was killed", p.spec.Name), p.Kill())
	}
}

// Kill ends the process with kill -9 and waits until the kernel has taken it away.
func (p *Process) Kill() error {
	err := p.signal(syscall.SIGKILL)
	<-p.exited
	return err
}

// Freeze stops the process in its tracks: its connections stay, it answers nothing.
func (p *Process) Freeze() error { return p.signal(syscall.SIGSTOP) }

// Resume lets a frozen process go on.
func (p *Process) Resume() error { return p.signal(syscall.SIGCONT) }

// Restart starts a process that has ended again, with the same flags and, where they were chosen by the kernel, the same addresses.
func (p *Process) Restart(ctx context.Context) error {
	<-p.exited
	_ = p.leash.Close() // its reader is gone
	p.spec.Listen = p.ready.Listen
	if p.ready.Admin != "" {
		p.spec.Admin = p.ready.Admin
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := p.launch(ctx); err != nil {
		return fmt.Errorf("restart %s: %w", p.spec.Name, err)
	}
	return nil
}

func (p *Process) signal(s syscall.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s to %s: %w", s, p.spec.Name, err)
	}
	return nil
}

func (p *Process) logPath() string { return filepath.Join(p.engine.dir, "logs", p.spec.Name+".log") }

// lastWords are the last lines of the log.
func (p *Process) lastWords() string {
	b, err := os.ReadFile(p.logPath())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}
