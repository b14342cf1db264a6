package load

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"figlab/bench/load/wire"
	"figlab/internal/history"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// A Summary is what the generator says about itself.
type Summary struct {
	Scheduled int64         // arrivals that were due
	Dropped   int64         // of these, not sent because no virtual user was free: a load with any is not the load that was asked for
	Records   int64         // handed to the sink; with those of the signing in before the schedule
	CPU       time.Duration // the generator used
	MaxVUs    int           // busy at the same time
	Lateness  time.Duration // 99th percentile of the time from due to sent, by 3 digits
}

// A Run is a load under way.
type Run struct {
	cmd      *exec.Cmd
	dir      string
	grace    time.Duration // from being asked to stop to being killed
	stopping atomic.Bool
	stop     chan struct{} // asks for the end
	done     chan struct{} // closed when the child was reaped and all it wrote was read
	summary  Summary
	err      error
}

// slack is how long the child may take besides its schedule: to start, to sign in, and to end.
const slack = 90 * time.Second

// ErrGenerator is returned when the generator failed; requests that failed are not its failure.
var ErrGenerator = errors.New("the load generator failed")

// Start starts the figload binary with its files in dir. sink gets every record, from one goroutine, in order of completion; it must keep
// up. The load ends by itself, by Stop, or with ctx; Wait must be called.
func Start(ctx context.Context, program, dir string, c Config, sink func(history.Record)) (*Run, error) {
	p, err := c.plan()
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if err := prepare(dir, p); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	r := &Run{dir: dir, grace: c.Timeout + 5*time.Second, stop: make(chan struct{}, 1), done: make(chan struct{})}
	ctx, cancel := context.WithTimeout(ctx, c.Duration+2*c.Timeout+slack)
	if err := r.launch(program, sink); err != nil {
		cancel()
		return nil, fmt.Errorf("load: %w", err)
	}
	go func() {
		defer cancel()
		r.watch(ctx)
	}()
	return r, nil
}

// prepare writes the child's files.
func prepare(dir string, p wire.Plan) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, wire.ScriptFile), script, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, wire.OptionFile), []byte("{}\n"), 0o600); err != nil {
		return err
	}
	return p.Save(dir)
}

// launch starts the child and what reads from it.
func (r *Run) launch(program string, sink func(history.Record)) error {
	log, err := os.Create(filepath.Join(r.dir, wire.LogFile))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has its own
	lines, write, err := os.Pipe()
	if err != nil {
		return err
	}
	r.cmd = exec.Command(program, r.dir) //nolint:noctx // it is ended by Stop, by the leash and by the kernel
	r.cmd.Stdout, r.cmd.Stderr, r.cmd.ExtraFiles, r.cmd.SysProcAttr = log, log, []*os.File{write}, apart()
	leash, err := r.cmd.StdinPipe()
	if err != nil {
		return errors.Join(err, lines.Close(), write.Close())
	}
	started := make(chan error, 1)
	go r.run(started, lines, leash, sink)
	if err = errors.Join(<-started, write.Close()); err != nil {
		return errors.Join(err, lines.Close())
	}
	return nil
}

// run forks the child, reads what it writes and reaps it, all on one operating system thread: the kernel sends the parent's death signal
// when the thread that forked ends, not the process.
func (r *Run) run(started chan<- error, lines io.ReadCloser, leash io.Closer, sink func(history.Record)) {
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	err := r.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	said, err := r.read(lines, sink)
	_ = lines.Close()
	exit := r.cmd.Wait()
	_ = leash.Close()
	r.summary.CPU = r.cmd.ProcessState.UserTime() + r.cmd.ProcessState.SystemTime()
	r.err = r.verdict(said, err, exit)
	close(r.done)
}

// read hands every record to the sink until the child closes its pipe.
func (r *Run) read(lines io.Reader, sink func(history.Record)) (said *wire.Summary, err error) {
	dec := json.NewDecoder(bufio.NewReaderSize(lines, 1<<16))
	for {
		var l wire.Line
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return said, nil
		} else if err != nil {
			_, _ = io.Copy(io.Discard, lines) // let it end
			return said, fmt.Errorf("read record: %w", err)
		}
		if l.Summary != nil {
			said = l.Summary
			continue
		}
		r.summary.Records++
		sink(l.Record)
	}
}

// verdict says whether the generator did its work to the end, and why not, with the last lines of its log.
func (r *Run) verdict(said *wire.Summary, reading, exit error) error {
	var why error
	stopped := r.stopping.Load()
	switch {
	case reading != nil:
		why = reading
	case said == nil:
		why = fmt.Errorf("it ended without a summary: %w", cause(exit))
	case said.Error != "":
		why = errors.New(said.Error)
	case said.Records != r.summary.Records:
		why = fmt.Errorf("it wrote %d records, but %d were read", said.Records, r.summary.Records)
	case exit != nil && !stopped:
		why = exit
	}
	if said != nil {
		r.summary.Scheduled, r.summary.Dropped = said.Arrivals, said.Dropped
		r.summary.MaxVUs, r.summary.Lateness = said.MaxVUs, said.Late99
	}
	if why == nil {
		return nil
	}
	return fmt.Errorf("%w: %w; its log ends with:\n%s", ErrGenerator, why, r.lastWords())
}

func cause(exit error) error {
	if exit == nil {
		return errors.New("exit status 0")
	}
	return exit
}

// watch ends the child when somebody asks for it, and kills it when it does not end.
func (r *Run) watch(ctx context.Context) {
	select {
	case <-r.done:
		return
	case <-r.stop:
	case <-ctx.Done():
	}
	r.stopping.Store(true)
	if r.cmd.Process.Signal(syscall.SIGTERM) == nil {
		timer := time.NewTimer(r.grace)
		defer timer.Stop()
		select {
		case <-r.done:
			return
		case <-timer.C:
		}
	}
	_ = r.cmd.Process.Kill() // it is gone, or it will be
	<-r.done
}

// Stop ends the load early: no further arrivals, and requests under way are awaited up to their timeout. It returns at once; Wait waits.
func (r *Run) Stop() {
	select {
	case r.stop <- struct{}{}:
	default: // already asked
	}
}

// Wait waits for the end of the load, which is bounded by its duration, its timeout and 90 s. The error wraps ErrGenerator when the
// generator failed; the summary then says what is known.
func (r *Run) Wait() (Summary, error) {
	<-r.done
	return r.summary, r.err
}

// PID names the generator to the kernel.
func (r *Run) PID() int { return r.cmd.Process.Pid }

// lastWords are the last lines of the child's log.
func (r *Run) lastWords() string {
	b, err := os.ReadFile(filepath.Join(r.dir, wire.LogFile))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}
