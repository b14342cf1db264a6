// Package limit bounds how often one client may ask, so that one cannot take what is there for all.
//
// It holds for one process: behind a gateway of n replicas a client gets up to n times as much.
package limit
