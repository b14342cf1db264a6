package lab

import (
	"errors"
	"figlab/chaos/oracle/mutant"
	"figlab/internal/history"
	"fmt"
	"io"
)

// Mutants judges clean runs and runs with one seeded bug each, and prints which oracle caught which bug. The verdict is missed when a bug
// survives or a clean run raises an alarm.
func Mutants(seeds int, out io.Writer) (verdict string, err error) {
	if seeds < 1 || seeds > 10_000 {
		return "", UsageError{fmt.Errorf("--seeds %d: want 1 to 10,000", seeds)}
	}
	m := mutant.Table(seeds)
	if err := m.Write(out); err != nil {
		return "", err
	}
	if err := m.Err(); err != nil {
		_, err = fmt.Fprintln(out, err)
		return history.Missed, errors.Join(err)
	}
	return history.Pass, nil
}
