// Package process is how every program of the lab begins and ends: New(deps) wires and binds, Run(ctx) blocks and stops in reverse order
// within a grace. Clock, ids, dialer and listener are handed in, so that the same code runs as a child process, in a test on :0, or in a
// bubble of virtual time.
//
// It knows no shop: the houses, the strangler and the partners all stand on it.
package process
