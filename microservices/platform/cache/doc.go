// Package cache keeps what a service has read from others, so that it is asked for once and not with every request.
//
// A value is an answer of the past: it may be wrong from the moment it was read. Three things bound that. Whoever hears of a change says
// Forget; whoever hears of a new owner is in a new epoch, in which nothing is kept yet; and what nobody speaks of ends with its TTL. A
// Forget holds for loads under way too: what they read may be from before the change, so those who wait for it still get it, and nobody
// after them.
//
// Nothing is kept that was not found: an error is told to those who waited for it, and the next one asks again.
package cache
