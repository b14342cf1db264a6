// Package wire holds what the contract leaves out, and its defaults.
package wire
