package mutant

import (
	"errors"
	"figlab/chaos/oracle"
	"figlab/internal/history"
	"fmt"
	"io"
	"strings"
)

// A Matrix says how many seeds of each bug each oracle has caught.
type Matrix struct {
	Seeds   int
	Oracles []string // ids, the columns
	Rows    []Row    // the first is "clean": a shop without a fault
}

// A Row is one bug.
type Row struct {
	Bug, Story string
	Expected   string // the oracle that must catch it; empty for clean
	Caught     []int  // seeds, by oracle
	Survived   int    // seeds that no oracle has caught; for clean, seeds that not every oracle has passed
}

// Table judges every bug under seeds 1 to seeds.
func Table(seeds int) Matrix {
	m := Matrix{Seeds: seeds}
	for _, o := range oracle.All() {
		m.Oracles = append(m.Oracles, o.ID)
	}
	all := append([]Bug{{Name: "clean", Story: "nothing is wrong", seed: func(*shop) {}}}, Bugs()...)
	for _, b := range all {
		m.Rows = append(m.Rows, m.row(b))
	}
	return m
}

func (m Matrix) row(b Bug) Row {
	r := Row{Bug: b.Name, Story: b.Story, Expected: b.Caught, Caught: make([]int, len(m.Oracles))}
	for seed := range m.Seeds {
		s := simulate(uint64(seed) + 1)
		b.seed(s)
		violated, passed := 0, 0
		for i, run := range oracle.Judge(s.Case) {
			switch run.Verdict {
			case history.Violated:
				r.Caught[i]++
				violated++
			case history.Pass:
				passed++
			}
		}
		if clean := b.Caught == ""; clean && passed < len(m.Oracles) || !clean && violated == 0 {
			r.Survived++
		}
	}
	return r
}

// Err returns everything that the oracles have failed at: a bug that survived some seed, or was missed there by the oracle whose law it
// breaks; an oracle that has caught nothing; an alarm without a fault.
func (m Matrix) Err() error {
	var all []error
	kills := make([]int, len(m.Oracles))
	for _, r := range m.Rows {
		all = append(all, m.failures(r)...)
		for i, n := range r.Caught {
			if r.Expected != "" {
				kills[i] += n
			}
		}
	}
	for i, n := range kills {
		if n == 0 {
			all = append(all, fmt.Errorf("%s has caught nothing", m.Oracles[i]))
		}
	}
	return errors.Join(all...)
}

// failures are what the oracles have failed at with one bug, or with none.
func (m Matrix) failures(r Row) (all []error) {
	switch {
	case r.Survived > 0 && r.Expected == "":
		all = append(all, fmt.Errorf("%d of %d seeds without a fault were not passed", r.Survived, m.Seeds))
	case r.Survived > 0:
		all = append(all, fmt.Errorf("%s survived %d of %d seeds", r.Bug, r.Survived, m.Seeds))
	}
	for i, n := range r.Caught {
		switch o := m.Oracles[i]; {
		case r.Expected == "" && n > 0:
			all = append(all, fmt.Errorf("%s raised an alarm in %d of %d seeds without a fault", o, n, m.Seeds))
		case r.Expected == o && n < m.Seeds:
			all = append(all, fmt.Errorf("%s has missed %s in %d of %d seeds", o, r.Bug, m.Seeds-n, m.Seeds))
		}
	}
	return all
}

// Write prints the matrix as a Markdown table whose columns are also aligned in plain text. A dot stands for no seed.
func (m Matrix) Write(w io.Writer) error {
	name, story := len("bug"), len("what is wrong")
	for _, r := range m.Rows {
		name, story = max(name, len(r.Bug)), max(story, len(r.Story))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %-*s | %-*s |", name, "bug", story, "what is wrong")
	rule := fmt.Sprintf("|%s|%s|", strings.Repeat("-", name+2), strings.Repeat("-", story+2))
	width := max(len("O18"), len(fmt.Sprint(m.Seeds)))
	for _, o := range m.Oracles {
		fmt.Fprintf(&b, " %*s |", width, o)
		rule += strings.Repeat("-", width+1) + ":|"
	}
	b.WriteString("\n" + rule + "\n")
	for _, r := range m.Rows {
		fmt.Fprintf(&b, "| %-*s | %-*s |", name, r.Bug, story, r.Story)
		for _, n := range r.Caught {
			cell := "."
			if n > 0 {
				cell = fmt.Sprint(n)
			}
			fmt.Fprintf(&b, " %*s |", width, cell)
		}
		b.WriteString("\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the matrix of oracles and bugs: %w", err)
	}
	return nil
}
