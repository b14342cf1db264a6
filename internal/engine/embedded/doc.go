// Package embedded runs the shop as child processes of the caller: figshop, one role each, on loopback.
//
// Nothing is left behind. A child is in a process group of its own, so that Ctrl-C reaches only the caller, who stops it; it holds the end
// of a pipe and stops gracefully when the caller's end closes; and the kernel kills it when the caller dies by whatever signal.
package embedded
