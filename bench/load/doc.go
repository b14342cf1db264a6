// Package load sends an open-model load to the shop and hands over a record of every attempt.
//
// It does not send anything itself: it runs figload, which is k6 with our extension, as a child process and reads records from a pipe. The
// mix and the journeys are in load.js, which is written into the folder of the run, so that what was run can be read there.
//
// The child ends when this process does, however it dies: it holds the end of a pipe, and on Linux the kernel kills it as well.
package load
