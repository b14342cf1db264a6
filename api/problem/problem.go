// Package problem turns errors into problem documents (RFC 9457) and back: one table relates the kind of an error to its HTTP status.
package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// ContentType of a problem document.
const ContentType = "application/problem+json"

const prefix = "urn:figlab:problem:"

// A Document is a problem as it crosses the wire. Its type is stable: urn:figlab:problem:<code>.
type Document struct {
	Type      string  `json:"type"`
	Title     string  `json:"title"`
	Status    int     `json:"status"`
	Detail    string  `json:"detail,omitempty"`
	Instance  string  `json:"instance,omitempty"`
	RequestID string  `json:"request_id,omitempty"`
	Errors    []Field `json:"errors,omitempty"`
}

// A Field is one thing wrong with the input.
type Field struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// kinds is the one table: error kind ↔ status. The first kind of a status is the one read back.
func kinds() []struct {
	kind   string
	status int
} {
	return []struct {
		kind   string
		status int
	}{
		{"invalid", http.StatusUnprocessableEntity},
		{"malformed", http.StatusBadRequest},
		{"unauthenticated", http.StatusUnauthorized},
		{"forbidden", http.StatusForbidden},
		{"not-found", http.StatusNotFound},
		{"method-not-allowed", http.StatusMethodNotAllowed},
		{"conflict", http.StatusConflict},
		{"stale", http.StatusPreconditionFailed},
		{"too-large", http.StatusRequestEntityTooLarge},
		{"unsupported-media-type", http.StatusUnsupportedMediaType},
		{"too-many-requests", http.StatusTooManyRequests},
		{"unavailable", http.StatusServiceUnavailable},
		{"bad-gateway", http.StatusBadGateway},
		{"timeout", http.StatusGatewayTimeout},
		{"internal", http.StatusInternalServerError},
	}
}

// StatusOf returns the status of a kind, 500 for one that is not in the table.
func StatusOf(kind string) int {
	for _, k := range kinds() {
		if k.kind == kind {
			return k.status
		}
	}
	return http.StatusInternalServerError
}

// KindOf returns the kind of a status, "internal" for one that is not in the table.
func KindOf(status int) string {
	for _, k := range kinds() {
		if k.status == status {
			return k.kind
		}
	}
	return "internal"
}

// An Error is a failure of the contract itself, or one read back from the wire.
type Error struct {
	Kind, Code, Detail string
	Fields             []Field
}

func (e *Error) Error() string { return e.Detail }

// ErrorKind returns the kind of the table.
func (e *Error) ErrorKind() string { return e.Kind }

// ErrorCode returns the stable code.
func (e *Error) ErrorCode() string { return e.Code }

// kinded is what the shop's errors and ours have in common.
type kinded interface {
	error
	ErrorKind() string
	ErrorCode() string
}

// From returns the document for an error. What is not one of the shop's errors is told as "internal" without its text: that belongs in
// the log, not to a stranger.
func From(err error) Document {
	var k kinded
	if !errors.As(err, &k) {
		return Document{
			Type: prefix + "internal", Title: http.StatusText(http.StatusInternalServerError),
			Status: http.StatusInternalServerError, Detail: "something went wrong here; it is logged under the request id",
		}
	}
	status := StatusOf(k.ErrorKind())
	d := Document{Type: prefix + k.ErrorCode(), Title: http.StatusText(status), Status: status, Detail: k.Error()}
	var own *Error
	if errors.As(err, &own) {
		d.Errors = own.Fields
	}
	return d
}

// Write answers with the document.
func Write(w http.ResponseWriter, d Document) error {
	w.Header().Set("Content-Type", ContentType)
	w.WriteHeader(d.Status)
	if err := json.NewEncoder(w).Encode(d); err != nil {
		return fmt.Errorf("write problem: %w", err)
	}
	return nil
}

// Read returns the error behind an answer that is not a success, so that a client gets the same kind and code the server had.
func Read(r *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("read problem: %w", err)
	}
	return Parse(r.StatusCode, body)
}

// Parse is Read for a body that is already in memory.
func Parse(status int, body []byte) error {
	var d Document
	if json.Unmarshal(body, &d) != nil || !strings.HasPrefix(d.Type, prefix) {
		kind := KindOf(status)
		return &Error{Kind: kind, Code: kind, Detail: fmt.Sprintf("answered %d without a problem document", status)}
	}
	return &Error{Kind: KindOf(status), Code: strings.TrimPrefix(d.Type, prefix), Detail: d.Detail, Fields: d.Errors}
}
