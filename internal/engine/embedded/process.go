package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/internal/engine"
	"figlab/internal/engine/child"
	figprocess "figlab/internal/process"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// process is one instance over all its lives.
type process struct {
	spec   engine.Spec
	engine *Engine
	log    *child.Log
	data   string // folder of its files

	turns     sync.Mutex // one start or end at a time
	mu        sync.Mutex // guards what follows
	life      *life      // nil while it is down
	addresses engine.Addresses
	spent     time.Duration // CPU of earlier lives
}

// life is one run of the program.
type life struct {
	child  *child.Child
	leash  io.Closer // our end of the pipe on its standard input
	wanted bool      // its end was asked for
	done   chan struct{}
}

var _ engine.Process = (*process)(nil)

// Name of the instance.
func (p *process) Name() string { return p.spec.Name }

// PID names the process to the kernel, 0 while it does not run.
func (p *process) PID() int {
	if l := p.alive(); l != nil {
		return l.child.PID()
	}
	return 0
}

// Addresses are where it listens, or listened last.
func (p *process) Addresses() engine.Addresses {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.addresses
}

// Tail is the end of what it wrote.
func (p *process) Tail() string { return p.log.Tail() }

func (p *process) alive() *life {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life
}

// launch starts the program and waits for its ready line.
func (p *process) launch(ctx context.Context) error {
	p.turns.Lock()
	defer p.turns.Unlock()
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = read.Close() }() // await's goroutine ends with it
	l, err := p.begin(write)
	if err = errors.Join(err, write.Close()); err != nil {
		return err
	}
	ready, err := await(ctx, read, l.done)
	if err != nil {
		return errors.Join(fmt.Errorf("%w; its last words:\n%s", err, p.log.Tail()), p.end(l, func() error { return l.child.Kill() }))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addresses = engine.Addresses{Listen: ready.Listen, Admin: ready.Admin}
	return nil
}

// begin starts the program; write is where it will say that it is ready.
func (p *process) begin(write *os.File) (*life, error) {
	s := p.spec
	args := []string{s.Role, "--name", s.Name, "--data", p.data, "--listen", s.Listen, "--leash", "--ready-fd", "3"}
	if s.Admin != "" {
		args = append(args, "--admin", s.Admin)
	}
	cmd := exec.Command(p.engine.program, append(args, s.Args...)...) //nolint:noctx // it outlives its start; Stop and the leash end it
	cmd.Env = environment(s.Env)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = p.log, p.log, []*os.File{write}
	leash, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	c, err := child.Start(cmd, syscall.SIGKILL)
	if err != nil {
		return nil, errors.Join(err, leash.Close())
	}
	l := &life{child: c, leash: leash, done: make(chan struct{})}
	p.mu.Lock()
	p.life = l
	p.mu.Unlock()
	go p.watch(l)
	return l, nil
}

// watch waits for the end of a life and writes its will.
func (p *process) watch(l *life) {
	<-l.child.Done()
	_ = l.leash.Close() // its reader is gone
	p.mu.Lock()
	p.life = nil
	p.spent += l.child.CPU()
	wanted := l.wanted
	p.mu.Unlock()
	if !wanted {
		p.engine.report(engine.Exit{Name: p.spec.Name, PID: l.child.PID(), Err: l.child.Err(), Tail: p.log.Tail()})
	}
	close(l.done)
}

// await reads the ready line.
func await(ctx context.Context, from io.Reader, ended <-chan struct{}) (ready figprocess.Ready, err error) {
	line := make(chan error, 1)
	go func() { line <- json.NewDecoder(from).Decode(&ready) }()
	select {
	case err := <-line:
		if err == nil {
			return ready, nil
		}
		select { // its pipe closed: it has ended, or is about to
		case <-ended:
		case <-time.After(time.Second):
		}
		return ready, errors.New("it ended before it served")
	case <-ctx.Done():
		return ready, fmt.Errorf("it does not serve: %w", context.Cause(ctx))
	}
}

// Stop asks the process to end, gives it the grace, then kills it and says so.
func (p *process) Stop(context.Context) error {
	p.turns.Lock()
	defer p.turns.Unlock()
	return p.stop()
}

func (p *process) stop() error {
	l := p.alive()
	if l == nil {
		return nil
	}
	if err := p.end(l, func() error { return l.child.Stop(syscall.SIGTERM, grace) }); err != nil {
		return fmt.Errorf("stop %s: %w", p.spec.Name, err)
	}
	return nil
}

// Kill ends the process with kill -9 and waits until the kernel has taken it away.
func (p *process) Kill(context.Context) error {
	p.turns.Lock()
	defer p.turns.Unlock()
	l := p.alive()
	if l == nil {
		return nil
	}
	if err := p.end(l, l.child.Kill); err != nil {
		return fmt.Errorf("kill %s: %w", p.spec.Name, err)
	}
	return nil
}

// end marks the end as wanted, brings it about and waits for the will.
func (p *process) end(l *life, by func() error) error {
	p.mu.Lock()
	l.wanted = true
	p.mu.Unlock()
	err := by()
	select {
	case <-l.child.Done():
		<-l.done
	default: // it could not be ended; the error says so
	}
	return err
}

// Restart starts the process with the same specification on the same addresses; a running one is stopped first.
func (p *process) Restart(ctx context.Context) error {
	if err := p.Stop(ctx); err != nil {
		return err
	}
	at := p.Addresses()
	p.spec.Listen = at.Listen
	if at.Admin != "" {
		p.spec.Admin = at.Admin
	}
	if err := p.launch(ctx); err != nil {
		return fmt.Errorf("restart %s: %w", p.spec.Name, err)
	}
	return nil
}

// Freeze stops the process in its tracks: its connections stay, it answers nothing. It returns when the kernel says that it stands still.
func (p *process) Freeze() error {
	if err := p.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for deadline := time.Now().Add(stopWait); !still(p.PID()); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("%s goes on %s after it was told to stand still", p.spec.Name, stopWait)
		}
	}
	return nil
}

// stopWait is how long the kernel may take to stop all threads of a process.
const stopWait = 2 * time.Second

// Resume lets a frozen process go on.
func (p *process) Resume() error { return p.signal(syscall.SIGCONT) }

func (p *process) signal(s syscall.Signal) error {
	l := p.alive()
	if l == nil {
		return fmt.Errorf("%s %w", p.spec.Name, engine.ErrDown)
	}
	return l.child.Signal(s)
}

// environment is what a process may know of the caller's, and what it is given.
func environment(given []string) (env []string) {
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TZ"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return append(env, given...)
}
