package report

import (
	"bytes"
	"figlab/internal/history"
	"figlab/internal/report/figure"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// terminalWidth is what a summary may use of a line.
const terminalWidth = 120

// Table writes the summary of a run for a terminal: plain text, no colours, at most 120 columns.
func Table(w io.Writer, r history.Run) error {
	var b bytes.Buffer
	if len(r.Stages) > 0 {
		b.WriteString("Latency p50/p95/p99 in ms from the scheduled arrival, steady phase\n")
		align(&b, latencyRows(r), []int{20, 20, 20, 20, 9, 7, 7}, "lrrrrrr")
		b.WriteString("\nVerdicts\n")
		align(&b, verdictRows(r), []int{18, 8, 38, 34, 12}, "lrlll")
	}
	for _, line := range findings(r) {
		wrap(&b, line)
	}
	if len(r.Moves) > 0 {
		b.WriteString("\nMoves\n")
	}
	for _, m := range r.Moves {
		wrap(&b, moveLine(m))
	}
	b.WriteString("\n")
	wrap(&b, verdictLine(r))
	for _, reason := range r.Reasons {
		wrap(&b, "  - "+or(reason))
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

func latencyRows(r history.Run) [][]string {
	head := []string{"stage"}
	for _, op := range figure.Operations() {
		head = append(head, op.Words)
	}
	rows := [][]string{append(head, "requests", "errors", "dropped")}
	for _, s := range r.Stages {
		row := []string{stageName(s)}
		for _, op := range figure.Operations() {
			o := s.Operations[op.ID]
			if o.Count == 0 {
				row = append(row, none)
				continue
			}
			row = append(row, msOf(o.Count, o.P50)+"/"+msOf(o.Count, o.P95)+"/"+p99Of(o.Count, o.P99))
		}
		requests, errors := totals(s)
		rows = append(rows, append(row, count(requests), count(errors), count(s.Load.Dropped)))
	}
	return rows
}

func verdictRows(r history.Run) [][]string {
	rows := [][]string{{"stage", "services", "faults", "oracles", "stage is"}}
	for _, s := range r.Stages {
		var monolith, service int64
		for _, by := range s.ServedBy {
			monolith += by.Monolith
			service += by.Service
		}
		share := none
		if all := monolith + service; all > 0 {
			share = fixed(100*float64(service)/float64(all), 1) + " %"
		}
		rows = append(rows, []string{stageName(s), share, faultTally(s), oracleTally(s), known(s.Verdict)})
	}
	return rows
}

// findings lists each fault and oracle that is not pass: what the reader looks for first.
func findings(r history.Run) []string {
	var all []string
	for _, s := range r.Stages {
		for _, f := range s.Faults {
			if known(f.Verdict) != history.Pass {
				all = append(all, fmt.Sprintf("  stage %s: fault %s on %s: %s, availability %s %%: %s",
					stageName(s), or(f.ID), or(f.Link), known(f.Verdict), availability(f), or(f.Why)))
			}
		}
		for _, o := range s.Oracles {
			if known(o.Verdict) != history.Pass {
				all = append(all, fmt.Sprintf("  stage %s: oracle %s %s: %s, %s of %s checked",
					stageName(s), or(o.ID), or(o.Name), known(o.Verdict), count(o.Violations), count(o.Checked)))
			}
		}
	}
	if len(all) > 0 {
		all = append([]string{"", "Not pass"}, all...)
	}
	return all
}

func moveLine(m history.Move) string {
	return fmt.Sprintf("  %s %s, %s to %s: %s rows, catch-up %s ms, %s of %s requests failed, "+
		"%s parked (longest %s ms), %s lost, %s doubled, rollback: %s",
		or(m.Capability), or(m.What), or(m.From), or(m.To), count(m.Rows), ms(m.CatchUpMS), count(m.FailedRequests), count(m.Requests),
		count(m.ParkedRequests), msOf(m.ParkedRequests, m.ParkMax), count(m.LostWrites), count(m.DoubledWrites), or(m.Rollback))
}

func verdictLine(r history.Run) string {
	return fmt.Sprintf("%s: %s after %s (seed %d, commit %s)",
		or(r.Name), strings.ToUpper(known(r.Verdict)), lasted(r.DurationMS), r.Seed, or(r.Commit))
}

// align prints rows as columns two spaces apart. A column is as wide as its widest value, but not wider than at most; sides says l or r.
func align(b *bytes.Buffer, rows [][]string, most []int, sides string) {
	widths := make([]int, len(most))
	for _, row := range rows {
		for i, v := range row {
			widths[i] = min(max(widths[i], utf8.RuneCountInString(v)), most[i])
		}
	}
	for _, row := range rows {
		line := ""
		for i, v := range row {
			v = short(v, widths[i])
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(v))
			if sides[i] == 'r' {
				line += "  " + space + v
			} else {
				line += "  " + v + space
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// short cuts s to a width and says so.
func short(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

// wrap breaks a line at spaces; what follows is indented further than its beginning.
func wrap(b *bytes.Buffer, line string) {
	indent := strings.Repeat(" ", len(line)-len(strings.TrimLeft(line, " ")))
	now := indent
	for i, word := range strings.Fields(line) {
		word = short(word, terminalWidth-len(indent)-5)
		space := " "
		if i == 0 {
			space = ""
		}
		if utf8.RuneCountInString(now)+len(space)+utf8.RuneCountInString(word) > terminalWidth {
			b.WriteString(now + "\n")
			now, space = indent+"    ", ""
		}
		now += space + word
	}
	b.WriteString(strings.TrimRight(now, " ") + "\n")
}
