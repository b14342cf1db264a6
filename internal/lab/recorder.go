package lab

import (
	"bufio"
	"errors"
	"figlab/internal/history"
	"fmt"
	"os"
	"sync"
	"time"
)

// recorder keeps what the clients saw, and which phase of which stage they saw it in. It is told of a phase before the first operation of
// it is due, so an operation's phase is known when its record comes.
type recorder struct {
	epoch time.Time // zero of the records' times

	mu       sync.Mutex
	timeline []phase // by time
	records  []history.Record
	page     int // the first record about the shop that runs now
	file     *os.File
	out      *bufio.Writer
	err      error // the first that hindered writing
}

// phase is a stretch of the run, up to the next one.
type phase struct {
	name string
	from int64 // nanoseconds since the epoch
}

func newRecorder(path string, epoch time.Time) (*recorder, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return &recorder{epoch: epoch, file: file, out: bufio.NewWriterSize(file, 1<<16)}, nil
}

// enter begins a phase.
func (r *recorder) enter(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timeline = append(r.timeline, phase{name, int64(time.Since(r.epoch))})
}

// add keeps a record; its phase is the one in which it was due.
func (r *recorder) add(rec history.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.timeline) - 1; i >= 0; i-- {
		if r.timeline[i].from <= rec.Scheduled {
			rec.Phase = r.timeline[i].name
			break
		}
	}
	r.records = append(r.records, rec)
	if r.err == nil {
		r.err = history.Write(r.out, rec)
	}
}

// all returns every record so far.
func (r *recorder) all() []history.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.records[:len(r.records):len(r.records)]
}

// turnPage begins the records about another shop.
func (r *recorder) turnPage() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.page = len(r.records)
}

// ofShop returns every record about the shop that runs now.
func (r *recorder) ofShop() []history.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.records[r.page:len(r.records):len(r.records)]
}

// of returns the records of one phase of one stage.
func (r *recorder) of(stage, phase string) (records []history.Record) {
	for _, rec := range r.all() {
		if rec.Stage == stage && rec.Phase == phase {
			records = append(records, rec)
		}
	}
	return records
}

// close writes what is still held back and returns the first error that hindered writing.
func (r *recorder) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := errors.Join(r.err, r.out.Flush(), r.file.Close()); err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	return nil
}
