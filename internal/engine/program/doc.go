// Package program finds the programs the lab starts, figshop and figload: beside the lab's own executable, or else built from the source it
// was itself built from. Go's build cache makes the second time fast, so that `go run ./cmd/figlab lab` is the only command.
package program
