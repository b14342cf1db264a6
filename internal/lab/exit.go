package lab

import (
	"context"
	"errors"
	"figlab/internal/history"
	"figlab/internal/topology"
)

// Exit codes of every command, for CI.
const (
	ExitPass         = 0
	ExitMissed       = 1   // an expectation was missed
	ExitUsage        = 2   // wrong flags, files or settings; nothing was started
	ExitInconclusive = 3   // nothing may be concluded
	ExitHarness      = 4   // the lab itself failed: a process did not start, a fault was not undone
	ExitViolated     = 5   // an oracle found a safety violation
	ExitInterrupted  = 130 // Ctrl-C
)

// A UsageError is a mistake of whoever called: its text names the remedy.
type UsageError struct{ Err error }

func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e UsageError) Unwrap() error { return e.Err }

// ExitCode turns how a command ended into its exit code.
func ExitCode(verdict string, err error) int {
	var usage UsageError
	var stage topology.ErrStage
	switch {
	case errors.As(err, &usage), errors.As(err, &stage):
		return ExitUsage
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	case err != nil:
		return ExitHarness
	}
	switch verdict {
	case history.Missed:
		return ExitMissed
	case history.Inconclusive:
		return ExitInconclusive
	case history.Violated:
		return ExitViolated
	}
	return ExitPass
}
