package postgres

import (
	"os/exec"
	"runtime"
)

// startChild starts a command on an operating system thread that lives as long as the command does: the kernel sends the parent's death
// signal when the thread that forked dies, not the process. How the command ends is sent to exited.
func startChild(cmd *exec.Cmd, exited chan<- error) error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			exited <- cmd.Wait()
		}
	}()
	return <-started
}
