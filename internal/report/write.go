package report

import (
	"bytes"
	"errors"
	"figlab/internal/history"
	"figlab/internal/report/figure"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// figures is the folder of the SVGs in a result folder.
const figures = "figures"

// A file is one thing to be written, relative to its folder.
type file struct {
	path  string
	write func(io.Writer) error
}

// Write puts the files of a run into dir, which is made where it is missing: run.json, verdict.json, report.md, report.html, junit.xml and
// figures/*.svg. A reader never sees half a file. What can be written is written even when another file cannot; the error names each
// file that is missing.
func Write(dir string, r history.Run) error {
	r = filled(r)
	files := []file{
		{"run.json", func(w io.Writer) error { return runJSON(w, r) }},
		{"verdict.json", func(w io.Writer) error { return verdictJSON(w, r) }},
		{"junit.xml", func(w io.Writer) error { return junitXML(w, r) }},
		{"report.md", func(w io.Writer) error { return Markdown(w, r, figures) }},
		{"report.html", func(w io.Writer) error { return page(w, r) }},
	}
	return writeAll(dir, append(files, drawings(figures, r)...))
}

// Results regenerates RESULTS.md at path and its figures in the folder figures, which is relative to the folder of path and written with
// slashes. The text is that of report.md, below a line that says where it comes from.
func Results(path, figures string, r history.Run) error {
	if filepath.IsAbs(filepath.FromSlash(figures)) {
		return fmt.Errorf("write %s: the folder of its figures must be relative, not %s", path, figures)
	}
	r = filled(r)
	text := file{filepath.Base(path), func(w io.Writer) error {
		if _, err := io.WriteString(w, generated(r)); err != nil {
			return err
		}
		return Markdown(w, r, figures)
	}}
	return writeAll(filepath.Dir(path), append(drawings(figures, r), text))
}

// generated is the first line of RESULTS.md. The command comes from outside and must not end the comment.
func generated(r history.Run) string {
	command := strings.NewReplacer("-->", "-- >", "--!>", "--! >").Replace(oneLine(r.Command))
	if command == "" {
		command = "figlab lab"
	}
	return "<!-- Generated from run.json by: " + command + " — never edit this file, run the command again. -->\n\n"
}

func drawings(folder string, r history.Run) []file {
	var files []file
	for _, f := range figure.All(r) {
		files = append(files, file{
			filepath.Join(filepath.FromSlash(folder), f.Name+".svg"),
			func(w io.Writer) error { _, err := io.WriteString(w, f.SVG); return err },
		})
	}
	return files
}

func writeAll(dir string, files []file) error {
	var errs []error
	for _, f := range files {
		path := filepath.Join(dir, f.path)
		var b bytes.Buffer
		err := f.write(&b)
		if err == nil {
			err = replace(path, b.Bytes())
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("write %s: %w", path, err))
		}
	}
	return errors.Join(errs...)
}

// replace writes a file beside its place and renames it: whoever reads sees the old file or the new one.
func replace(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(content)
	if err == nil {
		err = temp.Chmod(0o644)
	}
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}
