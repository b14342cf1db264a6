//go:build !linux

package main

import "context"

// followGoRun does nothing where the kernel cannot tell of a parent's death.
func followGoRun(context.Context) {}
