package report

import (
	"bytes"
	_ "embed" // the page
	"figlab/internal/history"
	"figlab/internal/report/figure"
	"fmt"
	"html/template"
	"io"
)

//go:embed page.html.tmpl
var pageTemplate string

// page writes report.html: one file that needs nothing else, neither scripts nor fonts nor a network.
func page(w io.Writer, r history.Run) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"svg":    func(f *figure.Figure) template.HTML { return template.HTML(f.SVG) }, //nolint:gosec // figure escapes what it draws
		"anchor": func(section, block int) string { return fmt.Sprintf("t%d-%d", section, block) },
	}).Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("parse the page: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, content(r)); err != nil {
		return fmt.Errorf("fill the page: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}
