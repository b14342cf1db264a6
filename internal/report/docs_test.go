package report_test

import (
	"crypto/sha256"
	"encoding/hex"
	"figlab/internal/history"
	"figlab/internal/report"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestReference fails when a field of run.json or verdict.json, or a file of the result folder, has no paragraph in
// docs/reference/results.md, and when the document explains a field that is gone.
func TestReference(t *testing.T) {
	b, err := os.ReadFile("../../docs/reference/results.md")
	if err != nil {
		t.Fatal(err)
	}
	runPart, verdictPart, cut := strings.Cut(string(b), "\n## verdict.json\n")
	if !cut {
		t.Fatal("the document has no section verdict.json")
	}
	checkFields(t, "run.json", fields(reflect.TypeFor[history.Run](), ""), entries(runPart))
	checkFields(t, "verdict.json", fields(reflect.TypeFor[report.Verdict](), ""), entries(verdictPart))
	for name := range read(t, t.TempDir(), fixture()) {
		if !strings.Contains(string(b), "\n- `"+name+"`: ") {
			t.Errorf("the document does not speak of %s", name)
		}
	}
}

func checkFields(t *testing.T, file string, want []string, got map[string]string) {
	t.Helper()
	for _, f := range want {
		if len(strings.Fields(got[f])) < 3 {
			t.Errorf("%s: %s has no paragraph that explains it", file, f)
		}
	}
	for f := range got {
		if !slices.Contains(want, f) {
			t.Errorf("%s: the document explains %s, which no longer exists", file, f)
		}
	}
}

// entries reads the paragraphs that begin with a field: "`name`: what it is".
func entries(text string) map[string]string {
	all := map[string]string{}
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(paragraph), "`"); ok {
			if name, words, ok := strings.Cut(rest, "`: "); ok {
				all[name] = words
			}
		}
	}
	return all
}

// fields lists every JSON path of a type: a[] is each element of a list, a{} each value of an object.
func fields(t reflect.Type, at string) []string {
	switch {
	case t.Kind() == reflect.Slice:
		return fields(t.Elem(), at+"[]")
	case t.Kind() == reflect.Map:
		return fields(t.Elem(), at+"{}")
	case t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]():
		return nil
	}
	var all []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if at != "" {
			name = at + "." + name
		}
		all = append(append(all, name), fields(f.Type, name)...)
	}
	return all
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
