package problem

import (
	"cmp"
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

// maxRead bounds a problem document that is read, in bytes.
const maxRead = 64 << 10

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

// From returns the document for an error. A defect, which is every error that is not one of the shop's and every one that the table answers
// with 500, is told without its text: that belongs in the log, not to a stranger.
func From(err error) Document {
	var k kinded
	if !errors.As(err, &k) {
		k = &Error{Kind: "internal"}
	}
	status := StatusOf(k.ErrorKind())
	d := Document{
		Type: prefix + cmp.Or(k.ErrorCode(), KindOf(status)), Title: http.StatusText(status), Status: status,
		Detail: "something went wrong here; it is logged under the request id",
	}
	if status == http.StatusInternalServerError {
		return d
	}
	d.Detail = k.Error()
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

// Read returns the error behind an answer that is not a success, so that a client gets the same kind and code the server had. Of the body
// it reads 64 KiB at most; a longer one is no problem document. It fails, without a kind, when the body breaks off.
func Read(r *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRead+1))
	if err != nil {
		return fmt.Errorf("read problem: %w", err)
	}
	return Parse(r.StatusCode, body)
}

// Parse is Read for a body that is already in memory. The status says the kind, whatever the document says: it is what everybody on the way
// has seen. A body that is no problem document of the shop gives an error with the kind alone.
func Parse(status int, body []byte) error {
	kind := KindOf(status)
	var d Document
	if len(body) > maxRead || json.Unmarshal(body, &d) != nil || !stable(d.Type) {
		return &Error{Kind: kind, Code: kind, Detail: fmt.Sprintf("answered %d without a problem document", status)}
	}
	return &Error{Kind: kind, Code: strings.TrimPrefix(d.Type, prefix), Detail: d.Detail, Fields: d.Errors}
}

// stable says whether a type is one of the shop's: a code of a stranger goes into logs, and on to our own callers.
func stable(name string) bool {
	code, ok := strings.CutPrefix(name, prefix)
	return ok && code != "" && len(code) <= 64 && strings.IndexFunc(code, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	}) < 0
}
