package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ErrNoSource is returned when there is neither a built program nor the source of one.
var ErrNoSource = errors.New("is neither beside figlab nor can it be built: run figlab in its source tree, or build all with `make build`")

const module = "figlab"

// Find returns the path of a program. What a build is doing goes to progress.
func Find(ctx context.Context, name string, progress io.Writer) (string, error) {
	if path, ok := beside(name); ok {
		return path, nil
	}
	root, ok := Root()
	if !ok {
		return "", fmt.Errorf("%s %w", name, ErrNoSource)
	}
	return build(ctx, root, name, progress)
}

// beside looks next to the running executable. What `go run` builds stands alone in a temporary folder.
func beside(name string) (string, bool) {
	self, err := os.Executable()
	if err != nil {
		return "", false
	}
	path := filepath.Join(filepath.Dir(self), name)
	info, err := os.Stat(path)
	return path, err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// Root is the folder of the source the caller stands in, if it stands in one.
func Root() (string, bool) {
	dir, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(b), "module "+module+"\n") {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

// build builds a program into the tree's bin folder, which is not under version control.
func build(ctx context.Context, root, name string, progress io.Writer) (string, error) {
	path := filepath.Join(root, "bin", name)
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "./cmd/"+name)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	start := time.Now()
	done := make(chan error, 1)
	go func() { done <- cmd.Run() }()
	err := narrate(done, name, start, progress)
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", name, err, bytes.TrimSpace(said.Bytes()))
	}
	return path, nil
}

// narrate says every few seconds that a build goes on; a fast one is not worth a line.
func narrate(done <-chan error, name string, start time.Time, progress io.Writer) error {
	beat := time.NewTimer(2 * time.Second)
	defer beat.Stop()
	told := false
	for {
		select {
		case err := <-done:
			if told && err == nil {
				_, _ = fmt.Fprintf(progress, "built %s in %.0f s\n", name, time.Since(start).Seconds()) // progress only
			}
			return err
		case <-beat.C:
			if !told {
				_, _ = fmt.Fprintf(progress, "building %s (the first time takes minutes, most of it for k6) …\n", name) // progress only
			} else {
				_, _ = fmt.Fprintf(progress, "  still building %s, %.0f s\n", name, time.Since(start).Seconds()) // progress only
			}
			told = true
			beat.Reset(15 * time.Second)
		}
	}
}
