package strict

import (
	"fmt"
	"reflect"
	"strings"
)

// field is one key of a struct.
type field struct {
	name     string
	index    int
	optional bool
}

type fields []field

// grammar reads the keys of a struct from its tags.
func grammar(t reflect.Type) (fs fields) {
	for i := range t.NumField() {
		name, option, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name != "" && name != "-" {
			fs = append(fs, field{name, i, option == "optional"})
		}
	}
	return fs
}

func (fs fields) find(name string) (field, bool) {
	for _, f := range fs {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

func (fs fields) names() (names []string) {
	for _, f := range fs {
		names = append(names, f.name)
	}
	return names
}

// hint names the key that was probably meant, or else those there are.
func hint(given string, known []string) string {
	best, distance := "", max(2, len(given)/3)+1
	for _, k := range known {
		if d := edits(given, k); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ": want one of " + strings.Join(known, ", ")
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// edits counts the insertions, deletions and replacements from a to b: the distance of Levenshtein (1965), by rows.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
