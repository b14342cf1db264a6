// Package engine says what it takes to run the shop, whatever it runs on: an engine starts processes by their specification, and each
// process can be stopped, killed, frozen and measured by name. It holds the values and the interfaces every engine answers to, and the
// loopback ports an engine hands out; how a process is really started is in the packages below.
package engine
