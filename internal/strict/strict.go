package strict

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// MaxBytes is the size above which a file is refused.
const MaxBytes = 1 << 20

// A Problem is one thing that is wrong with a file.
type Problem struct {
	File string
	Line int // from 1; 0 when it is about the whole file
	Text string
}

func (p Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// Problems are all that is wrong with a file, by line.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// A Complaint is a value that has the right form and is still wrong. Path leads to it, e.g. "stages[2].faults[0].for".
type Complaint struct {
	Path, Text string
}

// A Checker is a type whose values can be wrong in ways its Go type does not say.
type Checker interface {
	Check() []Complaint
}

// ReadFile reads a file into out; see Decode.
func ReadFile(path string, out any) error {
	src, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, errors.Unwrap(err))
	}
	return Decode(path, src, out)
}

// Decode reads the one document of src into out, a pointer to a struct, and asks it to check itself when it is a Checker. file names the
// source in the problems. The error is a Problems unless out is of a kind no file can hold.
func Decode(file string, src []byte, out any) error {
	if len(src) > MaxBytes {
		return Problems{{File: file, Text: fmt.Sprintf("is %d bytes long: at most %d are read", len(src), MaxBytes)}}
	}
	tree, err := parser.ParseBytes(src, 0)
	if err != nil {
		return Problems{syntax(file, err)}
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return Problems{{File: file, Text: fmt.Sprintf("holds %d documents: want one", filled(tree))}}
	}
	d := &decoder{file: file, lines: map[string]int{}}
	d.value(tree.Docs[0].Body, reflect.ValueOf(out).Elem(), "")
	if c, ok := out.(Checker); ok && len(d.problems) == 0 {
		for _, complaint := range c.Check() {
			d.problems = append(d.problems, Problem{file, d.line(complaint.Path), complaint.Text})
		}
	}
	if len(d.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(d.problems, func(a, b Problem) int { return a.Line - b.Line })
	return Problems(d.problems)
}

func filled(tree *ast.File) (n int) {
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			n++
		}
	}
	return n
}

// syntax turns the parser's error, "[line:column] text" with an excerpt below, into a problem.
func syntax(file string, err error) Problem {
	first, _, _ := strings.Cut(err.Error(), "\n")
	p := Problem{File: file, Text: first}
	var column int
	if _, scanned := fmt.Sscanf(first, "[%d:%d]", &p.Line, &column); scanned == nil {
		_, p.Text, _ = strings.Cut(first, "] ")
	}
	return p
}

// line is where the value at path stands, or the nearest value around it.
func (d *decoder) line(path string) int {
	for {
		if line, ok := d.lines[path]; ok {
			return line
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return d.lines[""]
		}
		path = path[:cut]
	}
}
