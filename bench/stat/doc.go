// Package stat turns what was measured into the few numbers that are shown, and says how far they can be trusted.
package stat
