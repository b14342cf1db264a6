package engine

import (
	"context"
	"errors"
	"time"
)

// Errors a caller may want to tell apart.
var (
	// ErrDown is returned when a process does not run and the question needs one that does.
	ErrDown = errors.New("is not running")
	// ErrPortTaken is returned when an address a process is to stand on is somebody else's.
	ErrPortTaken = errors.New("is taken by another program")
	// ErrClosed is returned when the engine has been closed.
	ErrClosed = errors.New("the engine is closed")
)

// A Spec says what to start. The engine adds what only it knows: where the data lie, the leash, and the ready line.
type Spec struct {
	Name   string // of the instance, unique within the engine: "catalog-1"
	Role   string // the program's role: "catalog"
	Listen string // public address, host:port; port 0 takes a free one and keeps it over restarts
	Admin  string // address of the doors behind the shop; empty: the role has none
	Args   []string
	Env    []string // KEY=value; nothing else of the caller's environment is passed on but PATH, HOME, TMPDIR and TZ
	Log    string   // file of its output; empty: the engine's own choice
}

// Addresses are where a process really listens.
type Addresses struct {
	Listen, Admin string // host:port
}

// Usage is what a process has cost.
type Usage struct {
	CPU      time.Duration // user and system time since its first start, restarts included
	Resident int64         // bytes in memory now, shared pages included
	Private  int64         // bytes in memory now that no other process shares
	Threads  int
}

// An Exit is the end of a process that nobody asked for.
type Exit struct {
	Name string
	PID  int
	Err  error  // nil when it ended with code 0
	Tail string // the last lines it wrote
}

// An Engine runs processes. Every engine holds to the same behaviour.
type Engine interface {
	// Start returns once the process is ready, or with the reason why it is not, its last words included.
	Start(ctx context.Context, s Spec) (Process, error)
	// Exits reports every process that ended without having been told to. Exits beyond what it holds are dropped, and logged.
	Exits() <-chan Exit
	// Close stops everything in the reverse order of starting and returns when nothing is left.
	Close(ctx context.Context) error
}

// A Process is one instance of a role. It stays the same value over restarts.
type Process interface {
	Identity
	Lifecycle
	Freezer
	Meter
}

// Identity says who a process is and what it last said.
type Identity interface {
	Name() string
	// PID is 0 while the process does not run.
	PID() int
	Addresses() Addresses
	Tail() string
}

// Lifecycle ends and begins a process. All three wait until it is done; stopping or killing what does not run is no error.
type Lifecycle interface {
	// Stop asks it to end, gives it the engine's grace, then kills it and says so.
	Stop(ctx context.Context) error
	// Kill ends it at once, as a crash would.
	Kill(ctx context.Context) error
	// Restart starts it with the same specification on the same addresses; a running one is stopped first.
	Restart(ctx context.Context) error
}

// Freezer stops a process in the middle of whatever it does, as a long garbage collection or a stalled machine would: the kernel still
// accepts connections for it, and nobody answers them.
type Freezer interface {
	Freeze() error
	Resume() error
}

// Meter says what a process has cost.
type Meter interface {
	Usage() (Usage, error)
}
