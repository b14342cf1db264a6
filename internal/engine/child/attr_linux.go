package child

import "syscall"

// dieWithParent has the kernel send sig when the thread that forks ends; Start keeps that thread for the child's life.
func dieWithParent(attr *syscall.SysProcAttr, sig syscall.Signal) { attr.Pdeathsig = sig }
