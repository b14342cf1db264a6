// Package logistics holds the rules of shipping: the states of a shipment, and what carrying a weight to a country costs.
package logistics
