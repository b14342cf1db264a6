// Command figshop is one process of the shop: the monolith, the strangler, a service, the broker, or a partner.
//
// It is kept small on purpose: it links neither the load generator nor the fault injector, so that memory per process is honest.
package main

import (
	"context"
	"errors"
	"figlab/internal/process"
	"flag"
	"fmt"
	"io"
	"os"
)

// Exit codes.
const (
	exitClean = 0
	exitFail  = 1
	exitUsage = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

// run starts the role named first and blocks until it has stopped.
func run(args []string, stderr io.Writer) int {
	role, f, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitClean
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "figshop:", err) // there is nobody else to tell
		return exitUsage
	}
	var leash io.Reader
	if f.leash {
		leash = os.Stdin
	}
	ctx, stop := process.Leash(context.Background(), leash)
	defer stop()
	deps := process.Real(f.name, f.links, stderr)
	if err := serve(ctx, role, f, deps); err != nil && !errors.Is(err, context.Canceled) {
		deps.Log.ErrorContext(ctx, "process failed", "error", err.Error())
		return exitFail
	}
	return exitClean
}

// serve builds the process, says that it is ready, and runs it.
func serve(ctx context.Context, role role, f flags, deps process.Deps) error {
	p, err := role(ctx, f, deps)
	if err != nil {
		return err
	}
	ready := process.Ready{Name: f.name, Listen: p.Addr()}
	if behind, ok := p.(interface{ AdminAddr() string }); ok {
		ready.Admin = behind.AdminAddr()
	}
	if err := announce(ready, f.readyFD); err != nil {
		return err
	}
	return p.Run(ctx)
}

// announce writes the ready line to the parent's pipe, or to standard output.
func announce(r process.Ready, fd int) error {
	if fd == 0 {
		return process.Announce(os.Stdout, r)
	}
	pipe := os.NewFile(uintptr(fd), "ready")
	if pipe == nil {
		return fmt.Errorf("no file descriptor %d to be ready on", fd)
	}
	return errors.Join(process.Announce(pipe, r), pipe.Close())
}
