// Package shed keeps a service from drowning: what it cannot do in time it refuses at once, which costs it next to nothing and tells the
// caller to go elsewhere.
//
// A service that takes everything in answers everybody late, and late answers are worth nothing: the callers are gone. So a bounded number
// of requests is under way, a bounded number waits for a turn, in order, and none waits longer than its caller does. A queue is there to
// even out bursts; one that does not empty between them only makes everybody wait. That is told by the shortest wait of late (CoDel:
// Nichols and Jacobson, "Controlling Queue Delay", 2012; for servers: Maurer, "Fail at Scale", 2015): while even that is long, nobody may
// join.
package shed
