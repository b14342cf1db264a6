// Package arch holds the rules of the house that the compiler cannot check: who may import whom, which folders are twins, which file
// answers which question, and what no lean binary may link. Its tests are the build's conscience; it has no code of its own.
package arch
