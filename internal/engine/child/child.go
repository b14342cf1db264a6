package child

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// ErrGrace is returned when a child had to be killed because it did not stop by itself in time.
var ErrGrace = errors.New("killed, because it did not stop within its grace")

// killWait is how long the kernel may take to end a process it was told to kill; only one stuck in a system call needs any of it.
const killWait = 5 * time.Second

// outputWait is how long a child's output may stay open after its end, in case it passed it on to somebody.
const outputWait = 2 * time.Second

// A Child is a process that was started; one goroutine waits for its end.
type Child struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // how it ended; read it after done
}

// Start starts cmd in a process group of its own. When this process dies the kernel sends it onDeath, where the kernel can.
//
// The kernel sends the parent's death signal when the thread that forked ends, not the process, and the Go runtime ends threads. So the
// goroutine that forks keeps its thread until the child is reaped; it is the one that waits anyway.
func Start(cmd *exec.Cmd, onDeath syscall.Signal) (*Child, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.WaitDelay = outputWait
	dieWithParent(cmd.SysProcAttr, onDeath)
	c := &Child{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, after the child
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
			close(c.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return c, nil
}

// PID of the process, also after its end.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Done is closed when the process has ended, was reaped, and all it wrote has been read.
func (c *Child) Done() <-chan struct{} { return c.done }

// Err says how it ended: nil with code 0. It must only be asked after Done.
func (c *Child) Err() error { return c.err }

// CPU is the user and system time it took in all. It must only be asked after Done.
func (c *Child) CPU() time.Duration {
	return c.cmd.ProcessState.UserTime() + c.cmd.ProcessState.SystemTime()
}

// Signal sends sig; a process that has already ended is no error.
func (c *Child) Signal(sig syscall.Signal) error {
	if err := c.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", sig, err)
	}
	return nil
}

// Stop sends sig and waits for the end; after the grace it kills. It returns with the process gone: with ErrGrace when it had to be killed,
// with how it ended when that was not well.
func (c *Child) Stop(sig syscall.Signal, grace time.Duration) error {
	// A frozen process must be let go, or it never sees the signal.
	if err := errors.Join(c.Signal(sig), c.Signal(syscall.SIGCONT)); err != nil {
		return errors.Join(err, c.Kill())
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-c.done:
		return c.err
	case <-timer.C:
		return errors.Join(fmt.Errorf("%w of %s", ErrGrace, grace), c.Kill())
	}
}

// Kill ends the process at once and waits until it is gone.
func (c *Child) Kill() error {
	if err := c.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	timer := time.NewTimer(killWait)
	defer timer.Stop()
	select {
	case <-c.done:
		return nil
	case <-timer.C:
		return fmt.Errorf("process %d is still there %s after it was killed", c.PID(), killWait)
	}
}
