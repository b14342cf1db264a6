package load

import "syscall"

// apart puts the child into a process group of its own, so that Ctrl-C reaches only the lab, and has the kernel kill it when the thread
// that forks ends; run keeps that thread for the child's life.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
