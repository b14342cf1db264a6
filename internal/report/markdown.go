package report

import (
	"bytes"
	"figlab/internal/history"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"
)

// Markdown writes report.md, or the body of RESULTS.md. figures is the folder of the SVGs, relative to the file the text will be in.
func Markdown(w io.Writer, r history.Run, figures string) error {
	var b bytes.Buffer
	d := content(r)
	fmt.Fprintf(&b, "# %s\n\n**%s**\n", mark(d.Title), spans(d.Lead))
	for _, s := range d.Sections {
		fmt.Fprintf(&b, "\n## %s\n", mark(s.Title))
		for _, bl := range s.Blocks {
			b.WriteString("\n")
			markdownBlock(&b, bl, figures)
		}
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write markdown: %w", err)
	}
	return nil
}

func markdownBlock(b *bytes.Buffer, bl block, figures string) {
	switch {
	case bl.Table != nil:
		markdownTable(b, *bl.Table)
	case bl.Figure != nil:
		fmt.Fprintf(b, "![%s](%s)\n", mark(bl.Figure.Title+". "+bl.Figure.Alt), link(path.Join(figures, bl.Figure.Name+".svg")))
	case len(bl.List) > 0:
		for _, l := range bl.List {
			b.WriteString("- " + spans(l) + "\n")
		}
	default:
		b.WriteString(spans(bl.Prose) + "\n")
	}
}

func markdownTable(b *bytes.Buffer, g grid) {
	fmt.Fprintf(b, "%s:\n\n", spans(plain(g.Caption)))
	var head, rule strings.Builder
	for _, c := range g.Columns {
		head.WriteString("| " + mark(c.Head) + " ")
		if c.Number {
			rule.WriteString("|---:")
		} else {
			rule.WriteString("|---")
		}
	}
	b.WriteString(head.String() + "|\n" + rule.String() + "|\n")
	for _, row := range g.Rows {
		for _, c := range row {
			b.WriteString("| " + markdownCell(c) + " ")
		}
		b.WriteString("|\n")
	}
	if len(g.Note) > 0 {
		b.WriteString("\n" + spans(g.Note) + "\n")
	}
}

// markdownCell shows what is not well in bold.
func markdownCell(c cell) string {
	s := spans([]span{{c.Text, c.Code}})
	if c.Tone != "" && c.Tone != history.Pass {
		return "**" + s + "**"
	}
	return s
}

func spans(all []span) string {
	var b strings.Builder
	for i, s := range all {
		switch {
		case s.Code && !strings.ContainsAny(s.Text, "`|\\"):
			b.WriteString("`" + s.Text + "`")
		case i == 0:
			b.WriteString(markStart(s.Text))
		default:
			b.WriteString(mark(s.Text))
		}
	}
	return b.String()
}

// mark escapes what Markdown, its tables, its mathematics or HTML would take for their own.
func mark(s string) string {
	return strings.NewReplacer(
		`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`, "#", `\#`, "$", `\$`,
		"&", "&amp;", "<", "&lt;", ">", "&gt;",
	).Replace(s)
}

// markStart escapes, besides, what would begin a list or a rule at the start of a line.
func markStart(s string) string {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	switch {
	case s == "":
		return s
	case strings.ContainsRune("-+=", rune(s[0])):
		return `\` + mark(s)
	case digits > 0 && digits < len(s) && strings.ContainsRune(".)", rune(s[digits])) && (digits+1 == len(s) || s[digits+1] == ' '):
		return s[:digits] + `\` + mark(s[digits:])
	}
	return mark(s)
}

// link escapes the target of a link.
func link(s string) string {
	return strings.NewReplacer("(", "%28", ")", "%29").Replace((&url.URL{Path: s}).EscapedPath())
}
