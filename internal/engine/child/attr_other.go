//go:build unix && !linux

package child

import "syscall"

// dieWithParent does nothing where the kernel has no such thing: a child that must not stay behind holds a leash.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}
