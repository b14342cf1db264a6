package child

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// tailBytes of a log are kept in memory for error messages.
const tailBytes = 4 << 10

// A Log is the file of a child's output, bounded: when it is full it is moved aside to NAME.1 and begun again, so that it never holds more
// than twice its size and always the end. It goes on over restarts.
type Log struct {
	mu   sync.Mutex
	path string
	max  int64
	file *os.File
	size int64
	tail []byte
	err  error // the first that hindered writing
}

// OpenLog opens the file, making its folder if needed, and appends.
func OpenLog(path string, maxBytes int64) (*Log, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("folder of log: %w", err)
	}
	l := &Log{path: path, max: maxBytes}
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *Log) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("open log: %w", err), f.Close())
	}
	l.file, l.size = f, info.Size()
	return nil
}

// Write appends. It always takes everything: a full disk must not end the child by a broken pipe. Close tells what was lost.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail = append(l.tail, p...)
	if over := len(l.tail) - tailBytes; over > 0 {
		l.tail = append(l.tail[:0], l.tail[over:]...)
	}
	if l.file != nil && l.size > 0 && l.size+int64(len(p)) > l.max {
		l.rotate()
	}
	if l.file == nil {
		return len(p), nil
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	l.fail(err)
	return len(p), nil
}

func (l *Log) rotate() {
	l.fail(l.file.Close())
	l.file = nil
	l.fail(os.Rename(l.path, l.path+".1"))
	l.fail(l.open())
}

func (l *Log) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// Tail returns the last lines, whole ones.
func (l *Log) Tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	tail := l.tail
	if len(tail) == tailBytes {
		if i := bytes.IndexByte(tail, '\n'); i >= 0 {
			tail = tail[i+1:]
		}
	}
	return strings.TrimSpace(string(tail))
}

// Close closes the file and returns the first error that hindered writing to it.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		l.fail(l.file.Close())
		l.file = nil
	}
	return l.err
}
