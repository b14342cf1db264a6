package oracle

import (
	"figlab/internal/history"
	"fmt"
)

// An Oracle is one invariant.
type Oracle struct {
	ID    string // O1, O2, …
	Name  string
	Law   string             // what must hold, in a sentence
	Check func(Case) Finding // pure; the same case gives the same finding
}

// A Case is what an oracle judges: every attempt since the shop was empty, and the stores after the last of them. Without a history the
// stores are only compared with each other.
type Case struct {
	History []history.Record
	Facts   history.Facts

	books *books // made once per judgement
}

// read returns the case, indexed.
func (c Case) read() *books {
	if c.books != nil {
		return c.books
	}
	return index(c)
}

// All returns the oracles in order.
func All() []Oracle {
	return []Oracle{stock(), oversell(), money(), once(), acked()}
}

// Judge asks every oracle. Each answers pass, violated or inconclusive; for the last the only example is the reason.
func Judge(c Case) []history.OracleRun {
	c.books = index(c)
	all := All()
	runs := make([]history.OracleRun, len(all))
	for i, o := range all {
		f := o.Check(c)
		runs[i] = history.OracleRun{
			ID: o.ID, Name: o.Name, Checked: f.Checked, Violations: f.Violations, Examples: f.Examples, Verdict: history.Pass,
		}
		switch {
		case f.Violations > 0:
			runs[i].Verdict = history.Violated
		case f.Checked == 0:
			f.doubt("there was nothing to check")
			fallthrough
		case f.Doubt != "":
			runs[i].Verdict, runs[i].Examples = history.Inconclusive, []string{f.Doubt}
		}
	}
	return runs
}

// A Finding is what an oracle has found.
type Finding struct {
	Checked    int64    // products, moves, orders, keys: whatever the law is about
	Violations int64    //
	Examples   []string // the first violations, as sentences
	Doubt      string   // why the absence of violations proves nothing; empty when it does
}

// maxExamples is how many violations are spelled out.
const maxExamples = 5

func (f *Finding) violate(format string, args ...any) {
	if f.Violations++; f.Violations <= maxExamples {
		f.Examples = append(f.Examples, fmt.Sprintf(format, args...))
	}
}

// doubt keeps the first reason.
func (f *Finding) doubt(format string, args ...any) {
	if f.Doubt == "" {
		f.Doubt = fmt.Sprintf(format, args...)
	}
}

// needRest doubts a shop that is still at work, and says whether laws across stores can be checked.
func (f *Finding) needRest(w history.Work) bool {
	if w.AtRest() {
		return true
	}
	f.doubt("the shop is not at rest: %d orders pending, %d payments open, %d shipments under way, %d events unpublished, %d not handled",
		w.OrdersPending, w.PaymentsInitiated, w.ShipmentsPending, w.OutboxUnpublished, w.EventsUnconsumed)
	return false
}

// needHistory doubts a case without records.
func (f *Finding) needHistory(b *books) bool {
	if b.recorded {
		return true
	}
	f.doubt("no client has recorded anything: the stores were only compared with each other")
	return false
}
