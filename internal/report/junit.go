package report

import (
	"encoding/xml"
	"figlab/internal/history"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"
)

// junitXML writes one suite per stage, with a case for its load, each fault and each oracle, and a last suite that holds the run's own
// verdict, so that a run that failed for another reason (a move, a stage that did not start) is red as well.
//
// fail and violated are failures. JUnit has no word for inconclusive: it is an error, "the check could not be made". Skipped would be
// green, and a gate that opens when nothing was proven is no gate.
func junitXML(w io.Writer, r history.Run) error {
	all := junit.Testsuites{Name: oneLine("figlab " + r.Name), Time: seconds(r.DurationMS)}
	for _, s := range r.Stages {
		suite := junit.Testsuite{Name: "stage " + stageName(s), ID: len(all.Suites), Time: "0"}
		class := "figlab.stage." + oneLine(s.ID)
		if !r.Started.IsZero() {
			suite.SetTimestamp(r.Started)
		}
		suite.AddTestcase(junitCase(class, "load is valid", loadVerdict(s.Load), loadMessage(s.Load)))
		for _, f := range s.Faults {
			suite.AddTestcase(junitCase(class, "fault "+f.ID+" on "+or(f.Link), f.Verdict, faultMessage(f)))
		}
		for _, o := range s.Oracles {
			suite.AddTestcase(junitCase(class, "oracle "+o.ID+" "+o.Name, o.Verdict, oracleMessage(o)))
		}
		all.AddSuite(suite)
	}
	run := junit.Testsuite{Name: "run", ID: len(all.Suites), Time: seconds(r.DurationMS)}
	if !r.Started.IsZero() {
		run.SetTimestamp(r.Started)
	}
	for _, p := range [][2]string{
		{"seed", fixedSeed(r.Seed)}, {"commit", r.Commit}, {"engine", r.Engine}, {"store", r.Store}, {"command", r.Command},
	} {
		run.AddProperty(p[0], oneLine(p[1]))
	}
	run.AddTestcase(junitCase("figlab.run", "verdict", r.Verdict, strings.Join(r.Reasons, "; ")))
	all.AddSuite(run)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	return all.WriteXML(w)
}

func junitCase(class, name, verdict, message string) junit.Testcase {
	c := junit.Testcase{Classname: class, Name: oneLine(name), Time: "0"}
	result := &junit.Result{Type: known(verdict), Message: or(message), Data: oneLine(message)}
	switch known(verdict) {
	case history.Pass:
	case history.Missed, history.Violated:
		c.Failure = result
	default:
		c.Error = result
	}
	return c
}

func loadVerdict(l history.LoadCheck) string {
	if l.Valid {
		return history.Pass
	}
	return history.Inconclusive
}

func loadMessage(l history.LoadCheck) string {
	return fmt.Sprintf("%d of %d scheduled iterations were dropped: what was measured at this stage is not valid", l.Dropped, l.Scheduled)
}

func faultMessage(f history.FaultRun) string {
	return fmt.Sprintf("%s (availability %s %%, acted: %s, undone: %s, evidence: %s)",
		or(f.Why), availability(f), yes(f.Acted), yes(f.Undone), or(evidence(f)))
}

func oracleMessage(o history.OracleRun) string {
	m := fmt.Sprintf("%d checked, %d violations", o.Checked, o.Violations)
	if len(o.Examples) > 0 {
		m += ": " + strings.Join(o.Examples, "; ")
	}
	return m
}

func seconds(ms float64) string {
	if !finite(ms) || ms < 0 {
		return "0"
	}
	return strconv.FormatFloat(ms/1000, 'f', 3, 64)
}
