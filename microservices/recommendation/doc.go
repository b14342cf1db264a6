// Package recommendation is the service for what goes with what.
//
// The monolith's module counts in the transaction that confirms an order, so its counts are never behind and every checkout pays for them.
// Here the counts are made afterwards, when this service hears that an order was confirmed: once per order, however often it is told. While
// it is away nobody waits for it, and suggestions are a little older than they could be.
//
// What a stranger is told is the same for every stranger, so it is kept for a second. Nothing is said to forget it earlier, and nothing is
// followed for that: a count that is a second old misleads nobody, and what was missed lasts no longer either.
//
// Compare: shop/recommendation for the ranking, monolith/recommendation for the same as a module.
package recommendation
