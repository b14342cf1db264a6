package extension

import (
	"errors"
	"figlab/bench/load/wire"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.k6.io/k6/cmd"
	"go.k6.io/k6/js/modules"
	"go.k6.io/k6/output"
)

// exitOrphan is the exit code of a generator whose parent is gone; k6 uses 99 to 110.
const exitOrphan = 120

// Run runs the load whose plan and script are in dir. It returns only when the load cannot begin: k6 ends the process itself.
//
// leash is the end of a pipe whose other end the parent holds; when it closes, the process ends at once, since nobody reads its records.
func Run(dir string, leash io.Reader) error {
	base := time.Now()
	plan, err := wire.Load(dir)
	if err != nil {
		return err
	}
	pipe := os.NewFile(wire.Pipe, "records")
	if pipe == nil {
		return errors.New("figload is run by figlab: there is no pipe to write records to")
	}
	if _, err := pipe.Stat(); err != nil {
		return fmt.Errorf("figload is run by figlab, which reads its records: %w", err)
	}
	if err := environment(dir); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, leash)
		os.Exit(exitOrphan)
	}()
	w := newWriter(pipe, plan.Every)
	l := newLoad(plan, base, w)
	w.load = l
	modules.Register("k6/x/figlab", l)
	output.RegisterExtension("figlab", func(output.Params) (output.Output, error) { return w, nil })
	os.Args = []string{
		"k6", "run", "--quiet", "--no-color", "--address", "", "--out", "figlab", "--summary-mode", "disabled", "--no-thresholds",
		"--no-usage-report", filepath.Join(dir, wire.ScriptFile),
	}
	cmd.Execute()
	return nil
}

// environment leaves k6 nothing of the caller's own settings: it would phone home, fetch extensions, or read another configuration.
func environment(dir string) error {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "K6_") {
			if err := os.Unsetenv(name); err != nil {
				return fmt.Errorf("clean environment: %w", err)
			}
		}
	}
	for name, value := range map[string]string{
		"K6_NO_USAGE_REPORT":           "true",
		"K6_AUTO_EXTENSION_RESOLUTION": "false",
		"K6_CONFIG":                    filepath.Join(dir, wire.OptionFile),
		"NO_COLOR":                     "1",
	} {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set environment: %w", err)
		}
	}
	return nil
}
