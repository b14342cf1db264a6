// Package monolith is the shop as one process, one database and one transaction per use case.
//
// The twelve modules call each other in Go. Whoever takes part in another's transaction is handed its *db.Tx; interfaces are declared by
// whoever asks, in calls.go. Events are written to the outbox in the same transaction and relayed to the bus when there is one.
package monolith
