package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"figlab/internal/history"
	"figlab/internal/report"
	"figlab/internal/report/figure"
	"flag"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "rewrite the golden files; commit a change only if you understand it")

// TestGolden fails when what readers see changes. The files in testdata are what a reviewer reads.
func TestGolden(t *testing.T) {
	dir := t.TempDir()
	if err := report.Write(dir, fixture()); err != nil {
		t.Fatal(err)
	}
	var summary bytes.Buffer
	if err := report.Table(&summary, fixture()); err != nil {
		t.Fatal(err)
	}
	golden(t, "table.txt", summary.Bytes())
	for _, name := range []string{"report.md", "junit.xml", "verdict.json", "figures/availability.svg", "figures/served.svg"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Base(name), b)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-update rewrites it); now it is\n%s", path, got)
	}
}

// runs are the shapes a run can have.
func runs() map[string]history.Run {
	return map[string]history.Run{
		"all cases": fixture(), "hostile": hostile(), "ladder": ladder(), "empty": {}, "empty stages": {Stages: make([]history.StageRun, 3)},
	}
}

// TestFiles fails when a file is missing, left half written, larger than a figure may be, or not the same for the same run.
func TestFiles(t *testing.T) {
	for name, r := range runs() {
		t.Run(name, func(t *testing.T) {
			before := read(t, t.TempDir(), r)
			after := read(t, t.TempDir(), r)
			if !reflect.DeepEqual(before, after) {
				t.Error("two reports of one run differ")
			}
			want := []string{"junit.xml", "report.html", "report.md", "run.json", "verdict.json"}
			for _, f := range figure.All(r) {
				want = append(want, "figures/"+f.Name+".svg")
			}
			slices.Sort(want)
			var got []string
			for path, text := range before {
				got = append(got, path)
				if filepath.Ext(path) == ".svg" && len(text) >= 30_000 {
					t.Errorf("%s has %d bytes", path, len(text))
				}
				for _, bad := range []string{"NaN", "Inf", "%!", "<nil>"} {
					if strings.Contains(text, bad) {
						t.Errorf("%s says %s", path, bad)
					}
				}
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("wrote %v, want %v", got, want)
			}
		})
	}
}

// read writes a report and reads all of it.
func read(t *testing.T, dir string, r history.Run) map[string]string {
	t.Helper()
	if err := report.Write(dir, r); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestHostile fails when text from outside becomes markup of any format.
func TestHostile(t *testing.T) {
	files := read(t, t.TempDir(), hostile())
	for path, text := range files {
		if strings.Contains(text, "\x1b") || strings.Contains(text, "\x00") {
			t.Errorf("%s holds control characters", path)
		}
		if filepath.Ext(path) == ".json" {
			continue
		}
		if strings.Contains(text, "\u202e") {
			t.Errorf("%s turns the direction of the text", path)
		}
		if strings.Contains(strings.ToLower(text), "<script") && filepath.Ext(path) != ".xml" {
			t.Errorf("%s holds a script", path)
		}
		if e := filepath.Ext(path); e == ".svg" || e == ".xml" {
			wellFormed(t, path, text)
		}
	}
	bars := regexp.MustCompile(`(?:^|[^\\])\|`)
	links := regexp.MustCompile(`[^\\]\]\(http`)
	columns := 0
	for line := range strings.Lines(files["report.md"]) {
		switch n := len(bars.FindAllString(line, -1)); {
		case !strings.HasPrefix(line, "|"):
			columns = 0
		case columns == 0:
			columns = n
		case n != columns:
			t.Errorf("a row has %d bars, its head %d: %s", n, columns, line)
		}
		if strings.HasPrefix(line, "# i") || strings.HasPrefix(line, "- j") {
			t.Errorf("a line feed came through: %s", line)
		}
		if links.MatchString(line) || strings.Contains(line, "- - ") || strings.Contains(line, "- 1. ") {
			t.Errorf("text became markup: %s", line)
		}
	}
}

func wellFormed(t *testing.T, path, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("%s is not well formed: %v", path, err)
			return
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "script" {
			t.Errorf("%s holds a script", path)
		}
	}
}

// TestTableFits fails when a line is wider than a terminal.
func TestTableFits(t *testing.T) {
	for name, r := range runs() {
		var b bytes.Buffer
		if err := report.Table(&b, r); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 120 {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
	}
}

// TestReadRun fails when a run does not survive its file, or when a file of another schema is taken for ours.
func TestReadRun(t *testing.T) {
	dir := t.TempDir()
	want := fixture()
	if err := report.Write(dir, want); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "run.json")
	got, err := report.ReadRun(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.Started = got.Started.UTC(); !reflect.DeepEqual(plainLists(got), plainLists(want)) {
		t.Errorf("read back\n%+v\nwant\n%+v", got, want)
	}
	for name, r := range runs() {
		if files := read(t, t.TempDir(), r); strings.Contains(files["run.json"]+files["verdict.json"], ": null") {
			t.Errorf("%s: a list is null, so that readers would have to guard it", name)
		}
	}
	for content, message := range map[string]string{
		`{"schema_version": 2, "stages": 7}`: "schema version 2, this figlab reads version 1",
		`{"name": "x"}`:                      "no schema_version",
		`{"schema_version": 1, "seed": -1}`:  "seed",
		`{`:                                  "unexpected end",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := report.ReadRun(path); err == nil || !strings.Contains(err.Error(), message) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want %q with the path", content, err, message)
		}
	}
	if _, err := report.ReadRun(filepath.Join(dir, "none.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// plainLists makes an empty list and none the same, which they are to a reader.
func plainLists(r history.Run) history.Run {
	r.Stages = slices.Clone(r.Stages)
	for i := range r.Stages {
		s := &r.Stages[i]
		if len(s.Processes) == 0 {
			s.Processes = nil
		}
		s.Faults = slices.Clone(s.Faults)
		for j := range s.Faults {
			if len(s.Faults[j].Evidence) == 0 {
				s.Faults[j].Evidence = nil
			}
		}
	}
	r.Moves = slices.Clone(r.Moves)
	for i := range r.Moves {
		if len(r.Moves[i].Steps) == 0 {
			r.Moves[i].Steps = nil
		}
	}
	return r
}

// TestWriteLeavesTheRunAlone fails when writing changes what the caller holds.
func TestWriteLeavesTheRunAlone(t *testing.T) {
	r := fixture()
	if err := report.Write(t.TempDir(), r); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r, fixture()) {
		t.Error("the run was changed")
	}
}

// TestNotANumber fails when a number that is none is written as one, or when it costs the reader the rest of the report.
func TestNotANumber(t *testing.T) {
	r := fixture()
	o := r.Stages[0].Operations["getProduct"]
	o.P50, o.P99 = math.NaN(), math.Inf(1)
	r.Stages[0].Operations["getProduct"] = o
	r.Stages[0].Faults[0].Score, r.Stages[0].Cost.PrivateMB, r.Comparison[0].Ratio = math.NaN(), math.NaN(), math.Inf(1)
	dir := t.TempDir()
	err := report.Write(dir, r)
	if err == nil || !strings.Contains(err.Error(), "run.json") || strings.Contains(err.Error(), "report.md") {
		t.Errorf("want an error about run.json alone: %v", err)
	}
	for _, name := range []string{"report.md", "report.html", "junit.xml", "figures/latency.svg", "figures/cost.svg", "figures/availability.svg"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || bytes.Contains(b, []byte("NaN")) || bytes.Contains(b, []byte("Inf")) {
			t.Errorf("%s: %v, or NaN in it", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "run.json")); err == nil {
		t.Error("half a run.json was written")
	}
}

// TestWriteNamesTheFile: an error says which file is missing, nothing temporary stays, and the others are there.
func TestWriteNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "report.md", "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	err := report.Write(dir, fixture())
	if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "report.md")) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "report.html")); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestResults fails when RESULTS.md is not the report's text below a line that says where it comes from, or its figures are not there.
func TestResults(t *testing.T) {
	for name, r := range map[string]history.Run{"fixture": fixture(), "hostile": hostile()} {
		dir := t.TempDir()
		if err := report.Results(filepath.Join(dir, "RESULTS.md"), "docs/figures/results", r); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, "RESULTS.md"))
		if err != nil {
			t.Fatal(err)
		}
		first, rest, _ := strings.Cut(string(b), "\n\n")
		if !strings.HasPrefix(first, "<!-- Generated from run.json by: ") || !strings.Contains(first, "never edit") ||
			strings.Contains(first, "\n") || strings.Count(first, "-->") != 1 {
			t.Errorf("%s: the first line is %q", name, first)
		}
		var want bytes.Buffer
		if err := report.Markdown(&want, r, "docs/figures/results"); err != nil {
			t.Fatal(err)
		}
		if rest != want.String() {
			t.Errorf("%s: the text is not that of the report", name)
		}
		links := regexp.MustCompile(`\]\(([^)]+\.svg)\)`).FindAllStringSubmatch(rest, -1)
		for _, l := range links {
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(l[1]))); err != nil {
				t.Error(err)
			}
		}
		if len(links) != len(figure.All(r)) {
			t.Errorf("%s: %d figures are shown", name, len(links))
		}
	}
	if err := report.Results(filepath.Join(t.TempDir(), "RESULTS.md"), "/figures", fixture()); err == nil {
		t.Error("an absolute folder of figures was taken")
	}
}

// TestDigest fails when the report names another run.json than the one beside it.
func TestDigest(t *testing.T) {
	files := read(t, t.TempDir(), fixture())
	if sum := digest(files["run.json"]); !strings.Contains(files["report.md"], sum) || !strings.Contains(files["report.html"], sum) {
		t.Errorf("the reports do not name %s", sum)
	}
}

// TestPageStandsAlone fails when the page needs the network or a script.
func TestPageStandsAlone(t *testing.T) {
	html := read(t, t.TempDir(), fixture())["report.html"]
	for _, bad := range []string{"<script", "<link", "@import", "url(", "src=", "href=\"http"} {
		if strings.Contains(html, bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(html, -1) {
		if ids[m[1]] {
			t.Errorf("id %s is there twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`(?:href="#|aria-labelledby=")([^"]+)"`).FindAllStringSubmatch(html, -1) {
		for _, id := range strings.Fields(m[1]) {
			if !ids[id] {
				t.Errorf("nothing has the id %s", id)
			}
		}
	}
}

// TestJUnit fails when a gate would open although something was not proven.
func TestJUnit(t *testing.T) {
	var suites struct {
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Suites   []struct {
			Name     string `xml:"name,attr"`
			Tests    int    `xml:"tests,attr"`
			Failures int    `xml:"failures,attr"`
			Errors   int    `xml:"errors,attr"`
		} `xml:"testsuite"`
	}
	text := read(t, t.TempDir(), fixture())["junit.xml"]
	if err := xml.Unmarshal([]byte(text), &suites); err != nil {
		t.Fatal(err)
	}
	got := [][3]int{}
	for _, s := range suites.Suites {
		got = append(got, [3]int{s.Tests, s.Failures, s.Errors})
	}
	if want := [][3]int{{8, 1, 0}, {8, 1, 3}, {9, 2, 0}, {1, 1, 0}}; !reflect.DeepEqual(got, want) {
		t.Errorf("tests, failures, errors are %v, want %v", got, want)
	}
	if empty := read(t, t.TempDir(), history.Run{})["junit.xml"]; !strings.Contains(empty, "<error") {
		t.Errorf("a run without a verdict is green:\n%s", empty)
	}
}
