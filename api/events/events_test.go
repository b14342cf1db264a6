package events_test

import (
	"encoding/json"
	"errors"
	"figlab/api/events"
	"figlab/api/internalapi"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var freeze = flag.Bool("freeze", false, "freeze the shapes of kinds that have none yet")

// TestCompatible holds the shape of every kind to what was published under its version.
func TestCompatible(t *testing.T) {
	schemas, err := events.NewSchemas()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]bool{}
	for _, k := range events.Known() {
		schema, err := schemas.Of(k)
		if err != nil {
			t.Error(err)
			continue
		}
		path := filepath.Join("testdata", k.Name()+".json")
		files[path] = true
		now := events.ShapeOf(schema)
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) && *freeze {
			if b, err = json.MarshalIndent(now, "", "  "); err == nil {
				err = os.WriteFile(path, append(b, '\n'), 0o644)
			}
		}
		if err != nil {
			t.Errorf("%s has no frozen shape: go test ./api/events -freeze writes it (%v)", k.Name(), err)
			continue
		}
		var frozen events.Shape
		if err := json.Unmarshal(b, &frozen); err != nil {
			t.Fatal(err)
		}
		for _, why := range events.Breaks(frozen, now) {
			t.Errorf("%s: %s: give the change a new version", k.Name(), why)
		}
	}
	there, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range there {
		if !files[path] {
			t.Errorf("%s is of a kind that is no longer told: its consumers wait for it", path)
		}
	}
}

// TestBreaks: each change that a consumer would trip over is found, and no other.
func TestBreaks(t *testing.T) {
	text := func(values ...string) events.Shape { return events.Shape{Type: "string", Values: values} }
	object := func(required []string, fields map[string]events.Shape) events.Shape {
		return events.Shape{Type: "object", Required: required, Fields: fields}
	}
	list := func(of events.Shape) events.Shape { return events.Shape{Type: "array", Items: &of} }
	old := object([]string{"id"}, map[string]events.Shape{"id": text(), "state": text("a", "b"), "lines": list(object(nil, map[string]events.Shape{"n": {Type: "integer"}}))})
	for want, now := range map[string]events.Shape{
		"":                       object([]string{"id", "more"}, map[string]events.Shape{"id": text(), "more": text(), "state": text("a"), "lines": old.Fields["lines"]}),
		"data.id may be missing": object(nil, old.Fields),
		"data.lines is gone":     object([]string{"id"}, map[string]events.Shape{"id": text(), "state": text("a", "b")}),
		"data.id was string and is integer": object([]string{"id"}, map[string]events.Shape{
			"id": {Type: "integer"}, "state": text("a", "b"), "lines": old.Fields["lines"],
		}),
		`data.state may be "c"`: object([]string{"id"}, map[string]events.Shape{"id": text(), "state": text("a", "c"), "lines": old.Fields["lines"]}),
		"data.state may be anything": object([]string{"id"}, map[string]events.Shape{
			"id": text(), "state": text(), "lines": old.Fields["lines"],
		}),
		"data.lines[].n is gone": object([]string{"id"}, map[string]events.Shape{"id": text(), "state": text("a"), "lines": list(object(nil, nil))}),
	} {
		got := events.Breaks(old, now)
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], want)) {
			t.Errorf("want %q, got %q", want, got)
		}
	}
}

// TestCheck: an event is held to the schema of its kind.
func TestCheck(t *testing.T) {
	schemas, err := events.NewSchemas()
	if err != nil {
		t.Fatal(err)
	}
	good := internalapi.Event{Capability: "payment", Type: "payment-refunded", Schema: 1, Data: json.RawMessage(
		`{"refund_id":"r","payment_id":"p","order_id":"o","amount":5,"currency":"EUR"}`)}
	if err := schemas.Check(good); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*internalapi.Event){
		"an unknown version": func(e *internalapi.Event) { e.Schema = 2 },
		"a missing field":    func(e *internalapi.Event) { e.Data = json.RawMessage(`{"refund_id":"r"}`) },
		"no JSON":            func(e *internalapi.Event) { e.Data = json.RawMessage(`{`) },
	} {
		bad := good
		if change(&bad); schemas.Check(bad) == nil {
			t.Errorf("%s passes", name)
		}
	}
}
