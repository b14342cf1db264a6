// Package fault breaks links on purpose, one fault a file. The struct of a fault is its YAML.
//
// A fault in force is a lease: it ends by itself when its holder never ends it, its end is verified by probes, and it carries the evidence
// that it acted. Without evidence nothing may be concluded from a run, however well the shop did.
//
// A link carries one fault at a time: to heal is to heal the link.
package fault
