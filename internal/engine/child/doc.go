// Package child starts operating system processes that cannot outlive their parent: each in a process group of its own, so that Ctrl-C
// reaches only the parent; reaped by one goroutine that owns it; and on Linux killed by the kernel when the parent dies, however it dies.
package child
