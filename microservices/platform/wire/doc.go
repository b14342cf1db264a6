// Package wire translates the kernel's values to the contract's and back, and holds what the contract leaves out.
package wire
