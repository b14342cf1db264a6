// Package history holds what was seen: the invocations and responses a client recorded, the facts read from the stores after a run, and
// the finished run itself. They are values; load records them, oracles judge them, reports print them.
package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// An Outcome says what the client can know about an attempt.
type Outcome string

// The outcomes. A write is Fail only when it certainly was not applied: refused, not sent, or answered so by contract. A write without
// an answer, with half an answer or with a 5xx is Unknown: both "applied" and "not applied" must be explainable.
const (
	OK      Outcome = "ok"
	Fail    Outcome = "fail"
	Unknown Outcome = "unknown"
)

// A Record is one attempt at one operation, seen by the client. Times are nanoseconds since the run's start on the client's own
// monotonic clock: Call before the first byte is sent, Return after the last byte of the body.
type Record struct {
	Op        string  `json:"op"`                // operationId of the contract
	Client    string  `json:"client"`            // logical client; a client gets a new name after an unknown write
	User      string  `json:"user,omitempty"`    // e-mail of the signed-in user
	Scheduled int64   `json:"scheduled_ns"`      // when the open model wanted it sent
	Call      int64   `json:"call_ns"`           //
	Return    int64   `json:"return_ns"`         //
	Wrote     bool    `json:"wrote"`             // some byte of the request went out
	Outcome   Outcome `json:"outcome"`           //
	Status    int     `json:"status,omitempty"`  // HTTP status, 0 without an answer
	Problem   string  `json:"problem,omitempty"` // type of the problem document
	Error     string  `json:"error,omitempty"`   // transport error
	Attempts  int     `json:"attempts"`          // connections tried, counted by httptrace: the transport may re-send silently
	Stage     string  `json:"stage"`             // stage of the migration
	Phase     string  `json:"phase"`             // warmup, move, steady, recovery, cooldown, or the id of a drill
	ServedBy  string  `json:"served_by,omitempty"`
	Replayed  bool    `json:"replayed,omitempty"` // the answer was recorded by an earlier attempt with the same key
	Degraded  string  `json:"degraded,omitempty"` // X-Degraded of the answer
	Key       string  `json:"key,omitempty"`      // idempotency key of a write
	Product   string  `json:"product,omitempty"`
	Quantity  int64   `json:"quantity,omitempty"`
	Order     string  `json:"order,omitempty"` // id of the order in the answer
	State     string  `json:"state,omitempty"` // state of the order in the answer
	Total     int64   `json:"total,omitempty"` // minor units, of the order in the answer
	Lines     []Line  `json:"lines,omitempty"` // of the order in the answer
	Version   int64   `json:"version,omitempty"`
}

// A Line is one product of an order.
type Line struct {
	Product   string `json:"product_id"`
	Quantity  int64  `json:"quantity"`
	UnitPrice int64  `json:"unit_price"`
}

// Write appends records as JSON lines.
func Write(w io.Writer, records ...Record) error {
	enc := json.NewEncoder(w)
	for i := range records {
		if err := enc.Encode(&records[i]); err != nil {
			return fmt.Errorf("write history: %w", err)
		}
	}
	return nil
}

// Read reads JSON lines to the end. A last line that was cut off, as a kill leaves it, is not an error.
func Read(r io.Reader) (records []Record, err error) {
	br := bufio.NewReaderSize(r, 1<<16)
	for n := 1; ; n++ {
		line, err := br.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read history: %w", err)
		}
		var rec Record
		if err := json.Unmarshal(line, &rec); err != nil {
			return nil, fmt.Errorf("history line %d: %w", n, err)
		}
		records = append(records, rec)
	}
}
