//go:build !linux

package load

import "syscall"

// apart is nothing special where the kernel offers less; the child also holds a leash.
func apart() *syscall.SysProcAttr { return nil }
