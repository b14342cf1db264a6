// Package ledger is what a partner remembers: an append-only file of JSON lines, read back at the start. An entry is on its way to the disk
// before anybody is told about it, so kill -9 forgets nothing that was acknowledged; a last line cut off by a kill is dropped.
package ledger

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// A Ledger of entries of one type.
type Ledger[E any] struct {
	file   *os.File
	end    int64 // where the last whole line ends
	broken error // half a line is stuck in the file: whatever came after it would be lost with it
}

// Open opens or makes the file and returns the entries it holds.
func Open[E any](path string) (*Ledger[E], []E, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, nil, fmt.Errorf("ledger: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, nil, fmt.Errorf("ledger: %w", err)
	}
	entries, end, err := read[E](f)
	if err == nil {
		err = f.Truncate(end)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("ledger %s: %w", path, err), f.Close())
	}
	return &Ledger[E]{file: f, end: end}, entries, nil
}

// read returns the entries and where the last whole line ends.
func read[E any](f *os.File) (entries []E, end int64, err error) {
	r := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return entries, end, nil
		}
		if err != nil {
			return nil, 0, err
		}
		var e E
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, 0, fmt.Errorf("line %d: %w", n, err)
		}
		entries, end = append(entries, e), end+int64(len(line))
	}
}

// Append writes an entry. A write that failed halfway, on a full disk say, is taken back, so that the entries after it can be read.
func (l *Ledger[E]) Append(e E) error {
	if l.broken != nil {
		return l.broken
	}
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	n, err := l.file.WriteAt(append(b, '\n'), l.end)
	if err == nil {
		l.end += int64(n)
		return nil
	}
	if undo := l.file.Truncate(l.end); undo != nil {
		l.broken = fmt.Errorf("ledger: %w", errors.Join(err, undo))
	}
	return fmt.Errorf("ledger: %w", err)
}

// Close closes the file.
func (l *Ledger[E]) Close() error { return l.file.Close() }
