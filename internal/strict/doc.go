// Package strict reads the lab's YAML files: plans and scenarios. A file says exactly what its Go type says; everything else is a problem,
// and all problems are told at once, each with its line and a remedy:
//
//	scenarios/quick.yaml:17: unknown key "ratte" (did you mean "rate"?)
//
// The Go type is the grammar: a field's yaml tag is its key, and the option "optional" after it says that it may be left out.
package strict
