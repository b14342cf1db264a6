package search

// This module asks nobody: the catalog calls it, inside its own transaction (see catalog/calls.go).
