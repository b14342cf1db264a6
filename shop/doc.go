// Package shop is the kernel of the shop: money, ids, quantities, capabilities, errors and the time-ordered identifiers that both houses
// share. Below it, one package per capability holds the rules (prices, order states, stock arithmetic, ranking, shipping rates).
//
// Rules are values in, values out: no I/O, no clock, no context, no randomness, nothing that saves itself. That is why they are written
// once, while the use cases around them are written twice, in monolith and in microservices. Package internal/arch enforces it.
package shop
