// Package stat turns what the shoppers recorded into the few numbers that are shown.
package stat
