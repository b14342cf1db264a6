package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// followGoRun has the kernel tell figlab to stop when the `go run` that started it dies: whoever kills that means the lab, and go does not
// pass the signal on when it is killed itself.
func followGoRun(ctx context.Context) {
	parent := os.Getppid()
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", parent))
	if err != nil || filepath.Base(exe) != "go" {
		return
	}
	go func() {
		runtime.LockOSThread() // the wish belongs to the thread that made it
		defer runtime.UnlockOSThread()
		_, _, failed := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGTERM), 0)
		if failed == 0 && os.Getppid() == parent {
			<-ctx.Done()
		}
	}()
}
