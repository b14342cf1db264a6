// Package lab is the runner: it starts a shop at a stage, sends load, injects faults, moves capabilities, waits for rest, reads the
// stores, has the oracles judge, and hands the finished run to the reporters.
//
// It drives the houses over the wire only, as a user would.
package lab
