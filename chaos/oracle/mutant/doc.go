// Package mutant proves the oracles: a small correct shop makes histories and facts without a fault, named bugs are seeded into them, and
// the matrix says which oracle has caught which bug. An oracle that catches nothing, or a bug that nobody catches, is an error.
//
// Everything follows from a seed: no clock, no network, no store.
package mutant
