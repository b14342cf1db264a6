// Package link is the only door to toxiproxy. A link is an ordered pair, caller → callee, with a port of its own: whoever is told to call
// the callee there calls over the link, and the link can delay, damage or refuse what passes.
//
// The bytes of a connection run through the toxics of toxiproxy. Its listener and its sockets are ours, for three reasons. Toxiproxy
// dials the callee in its accept loop without a bound, so that one callee that does not answer stops all new connections. It counts bytes
// when a connection ends, and a kept connection does not end. And when one side of a connection dies while data streams, nobody empties
// the toxics any more: goroutines stay behind, and removing a toxic hangs with the lock of the whole proxy held. Here the last stage
// always takes what comes, so that the toxics run empty.
//
// A toxic is never removed. To heal a link is to replace its proxy, with all toxics in it, by a fresh one behind the same listener, and
// to cut the connections of the old one. Every call into toxiproxy runs under a watchdog; one that hangs is ErrWedged, a failure of the
// harness and not of the system under test, and its proxy is abandoned.
package link
