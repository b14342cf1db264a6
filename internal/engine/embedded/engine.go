package embedded

import (
	"context"
	"errors"
	"figlab/internal/engine"
	"figlab/internal/engine/child"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	readyWithin = 30 * time.Second // how long a process may take until it serves
	grace       = 10 * time.Second // how long it may take to stop
	logBytes    = 16 << 20         // of a process's log, before it is moved aside
	exitsHeld   = 64               // unexpected ends nobody has asked about yet
)

// An Engine starts processes and ends them all.
type Engine struct {
	program string // the figshop binary
	dir     string
	exits   chan engine.Exit

	mu        sync.Mutex
	closed    bool
	processes []*process // in the order they were started
}

var _ engine.Engine = (*Engine)(nil)

// New returns an engine that runs the figshop program; each process keeps its data in a folder of its name below dir, and its log, unless
// its specification says otherwise, in logs there.
func New(program, dir string) (*Engine, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	return &Engine{program: program, dir: dir, exits: make(chan engine.Exit, exitsHeld)}, nil
}

// Exits reports every process that ended without having been told to.
func (e *Engine) Exits() <-chan engine.Exit { return e.exits }

// Start runs a process and returns once it serves. When it ends before that, the error shows its last words.
func (e *Engine) Start(ctx context.Context, s engine.Spec) (engine.Process, error) {
	if s.Log == "" {
		s.Log = filepath.Join(e.dir, "logs", s.Name+".log")
	}
	log, err := child.OpenLog(s.Log, logBytes)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Name, err)
	}
	p := &process{spec: s, engine: e, log: log, data: filepath.Join(e.dir, s.Name)}
	if err := e.adopt(p); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	if err := p.launch(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", s.Name, err), e.disown(p))
	}
	return p, nil
}

// adopt takes a process in before it runs, so that Close ends also what is just starting. It may take the name of one that has ended.
func (e *Engine) adopt(p *process) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return fmt.Errorf("start %s: %w", p.spec.Name, engine.ErrClosed)
	}
	if i := slices.IndexFunc(e.processes, func(other *process) bool { return other.spec.Name == p.spec.Name }); i >= 0 {
		before := e.processes[i]
		if before.alive() != nil {
			return fmt.Errorf("start %s: there is a process of that name", p.spec.Name)
		}
		e.processes = slices.Delete(e.processes, i, i+1)
		if err := before.log.Close(); err != nil {
			return fmt.Errorf("start %s: %w", p.spec.Name, err)
		}
	}
	e.processes = append(e.processes, p)
	return nil
}

func (e *Engine) disown(p *process) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.processes = slices.DeleteFunc(e.processes, func(other *process) bool { return other == p })
	return p.log.Close()
}

// Close stops all processes, the last one started first.
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock()
	e.closed = true
	running := slices.Clone(e.processes)
	e.processes = nil
	e.mu.Unlock()
	var errs []error
	for _, p := range slices.Backward(running) {
		errs = append(errs, p.Stop(ctx), p.log.Close())
	}
	return errors.Join(errs...)
}

// report hands an unexpected end to whoever listens; when nobody has listened for long the oldest news are the ones that count.
func (e *Engine) report(exit engine.Exit) {
	select {
	case e.exits <- exit:
	default:
	}
}
