// Package host is what every process of the house is: a public door, a door behind the shop, a connection to the bus, and a lease in the
// registry that is held while it serves.
package host
