package problem_test

import (
	"encoding/json"
	"errors"
	"figlab/api/problem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// statuses is the table once more, from RFC 9110 and what the shop promises about its kinds.
func statuses() map[string]int {
	return map[string]int{
		"malformed": 400, "unauthenticated": 401, "forbidden": 403, "not-found": 404, "method-not-allowed": 405, "conflict": 409,
		"stale": 412, "too-large": 413, "unsupported-media-type": 415, "invalid": 422, "too-many-requests": 429, "internal": 500,
		"bad-gateway": 502, "unavailable": 503, "timeout": 504,
	}
}

func TestKindsAndStatuses(t *testing.T) {
	for kind, status := range statuses() {
		if got := problem.StatusOf(kind); got != status {
			t.Errorf("%s has status %d, want %d", kind, got, status)
		}
		if got := problem.KindOf(status); got != kind {
			t.Errorf("%d is %q, want %q", status, got, kind)
		}
	}
	for _, kind := range []string{"", "teapot", "Not-Found", "not_found"} {
		if got := problem.StatusOf(kind); got != 500 {
			t.Errorf("the unknown kind %q has status %d", kind, got)
		}
	}
	known := map[int]bool{}
	for _, status := range statuses() {
		known[status] = true
	}
	for status := range 600 {
		if !known[status] && problem.KindOf(status) != "internal" {
			t.Errorf("the unknown status %d is %q", status, problem.KindOf(status))
		}
	}
}

// strange is an error of the shop as other packages make them.
type strange struct{ kind, code, text string }

func (s strange) Error() string     { return s.text }
func (s strange) ErrorKind() string { return s.kind }
func (s strange) ErrorCode() string { return s.code }

func TestFrom(t *testing.T) {
	fields := []problem.Field{{Field: "name", Message: "too long"}}
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
		detail string
		fields []problem.Field
	}{
		"of the contract": {&problem.Error{Kind: "malformed", Code: "invalid-request", Detail: "bad", Fields: fields}, 400, "invalid-request", "bad", fields},
		"of the shop":     {strange{"conflict", "sold-out", "none left"}, 409, "sold-out", "none left", nil},
		"wrapped, told without what was being done": {
			fmt.Errorf("select * from secrets: %w", strange{"conflict", "sold-out", "none left"}), 409, "sold-out", "none left", nil,
		},
		"the first of two": {
			fmt.Errorf("%w: %w", &problem.Error{Kind: "unavailable", Code: "a", Detail: "b"}, errors.New("secret")), 503, "a", "b", nil,
		},
		"without a code": {strange{"not-found", "", "gone"}, 404, "not-found", "gone", nil},
	} {
		t.Run(name, func(t *testing.T) {
			want := problem.Document{
				Type: "urn:figlab:problem:" + c.code, Title: http.StatusText(c.status), Status: c.status, Detail: c.detail, Errors: c.fields,
			}
			if got := problem.From(c.err); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestDefectsAreNotTold(t *testing.T) {
	for _, err := range []error{
		errors.New("secret"), fmt.Errorf("open /secret: %w", io.ErrUnexpectedEOF),
		strange{"internal", "unknown-move", "secret"},
		strange{"teapot", "unknown-kind", "secret"},
		nil,
		&problem.Error{Kind: "internal", Code: "internal", Detail: "secret", Fields: []problem.Field{{Field: "secret"}}},
	} {
		d := problem.From(err)
		if b, _ := json.Marshal(d); d.Status != 500 || strings.Contains(string(b), "secret") || d.Detail == "" {
			t.Errorf("%v is told as %s", err, b)
		}
	}
}

// TestThereAndBack sends every kind over the wire.
func TestThereAndBack(t *testing.T) {
	for kind := range statuses() {
		if kind == "internal" {
			continue
		}
		sent := &problem.Error{Kind: kind, Code: "some-code", Detail: "said <so> – \u2028", Fields: []problem.Field{{Field: "a", Message: "b"}}}
		w := httptest.NewRecorder()
		if err := problem.Write(w, problem.From(sent)); err != nil {
			t.Fatal(err)
		}
		if w.Code != problem.StatusOf(kind) || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s was written as %d %v", kind, w.Code, w.Header())
		}
		var got *problem.Error
		if err := problem.Read(w.Result()); !errors.As(err, &got) || !reflect.DeepEqual(got, sent) {
			t.Errorf("sent %+v, got %+v", sent, got)
		}
	}
}

func TestParseForeign(t *testing.T) {
	long := strings.Repeat("x", 64<<10)
	for name, body := range map[string]string{
		"nothing": "", "HTML": "<html>502</html>", "a list": "[]", "null": "null", "a string": `"no"`, "two documents": `{}{}`,
		"no type":                `{"title":"no","status":409}`,
		"a type of others":       `{"type":"about:blank","detail":"trust me"}`,
		"a type without a code":  `{"type":"urn:figlab:problem:"}`,
		"a code that is no code": `{"type":"urn:figlab:problem:sold out\n"}`,
		"a code without end":     `{"type":"urn:figlab:problem:` + long[:65] + `"}`,
		"a type that is no text": `{"type":1}`,
		"a field of wrong shape": `{"type":"urn:figlab:problem:sold-out","errors":{}}`,
		"more than is read":      `{"type":"urn:figlab:problem:sold-out","detail":"` + long + `"}`,
		"white space at the end": `{"type":"urn:figlab:problem:sold-out"}` + strings.Repeat(" ", 64<<10),
	} {
		t.Run(name, func(t *testing.T) {
			want := &problem.Error{Kind: "bad-gateway", Code: "bad-gateway", Detail: "answered 502 without a problem document"}
			var read, parsed *problem.Error
			if !errors.As(problem.Parse(502, []byte(body)), &parsed) || !reflect.DeepEqual(parsed, want) {
				t.Errorf("parsed %+v", parsed)
			}
			r := &http.Response{StatusCode: 502, Body: io.NopCloser(strings.NewReader(body))}
			if !errors.As(problem.Read(r), &read) || !reflect.DeepEqual(read, want) {
				t.Errorf("read %+v", read)
			}
		})
	}
}

func TestStatusCountsNotTheDocument(t *testing.T) {
	var got *problem.Error
	err := problem.Parse(503, []byte(`{"type":"urn:figlab:problem:sold-out","status":409,"title":"Conflict","other":1}`))
	if !errors.As(err, &got) || got.Kind != "unavailable" || got.Code != "sold-out" {
		t.Errorf("got %+v", got)
	}
}

// endless is a body that never ends; it fails when more is read than a problem may have.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	if e.read += len(p); e.read > 1<<20 {
		return 0, errors.New("read too much")
	}
	return len(p), nil
}

func TestReadIsBounded(t *testing.T) {
	var got *problem.Error
	if err := problem.Read(&http.Response{StatusCode: 409, Body: io.NopCloser(&endless{})}); !errors.As(err, &got) || got.Kind != "conflict" {
		t.Errorf("got %v", err)
	}
	broken := &http.Response{StatusCode: 409, Body: io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF))}
	if err := problem.Read(broken); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a body that broke off gave %v", err)
	}
}

// deaf is a caller who is gone.
type deaf struct{ http.ResponseWriter }

func (deaf) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWriteSaysThatItFailed(t *testing.T) {
	if err := problem.Write(deaf{httptest.NewRecorder()}, problem.From(nil)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}
