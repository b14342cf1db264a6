package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"
)

// A Spec says what to run.
type Spec struct {
	Name   string   // of the instance; also of its log
	Role   string   // of figshop
	Listen string   // public address; host:0 lets the kernel choose
	Admin  string   // admin address
	Args   []string // further flags
	Env    []string // KEY=value, besides the caller's own environment
}

// An Engine starts processes and ends them all.
type Engine struct {
	figshop string
	dir     string
	forks   chan func()

	mu        sync.Mutex
	processes []*Process // in the order they were started
}

// New returns an engine that runs the figshop binary; data and logs go below dir.
func New(figshop, dir string) (*Engine, error) {
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	e := &Engine{figshop: figshop, dir: dir, forks: make(chan func())}
	go e.fork()
	return e, nil
}

// fork runs what starts children on one operating system thread that lives as long as the engine: the kernel sends the parent's death
// signal when the thread that forked dies, not the process.
func (e *Engine) fork() {
	runtime.LockOSThread()
	for start := range e.forks {
		start()
	}
}

// readyWithin is how long a process may take until it serves.
const readyWithin = 30 * time.Second

// Start runs a process and returns once it serves. When it ends before that, the error shows the end of its log.
func (e *Engine) Start(ctx context.Context, s Spec) (*Process, error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	p := &Process{spec: s, engine: e}
	if err := p.launch(ctx); err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Name, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.processes = append(e.processes, p)
	return p, nil
}

// Close stops all processes, the last one started first.
func (e *Engine) Close() error {
	e.mu.Lock()
	running := slices.Clone(e.processes)
	e.processes = nil
	e.mu.Unlock()
	var errs []error
	for _, p := range slices.Backward(running) {
		errs = append(errs, p.Stop())
	}
	close(e.forks)
	return errors.Join(errs...)
}
